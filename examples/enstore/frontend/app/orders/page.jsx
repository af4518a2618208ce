import Orders from '@/components/Orders'

export const metadata = { title: 'Orders' }

export default function Page() {
  return <Orders />
}
