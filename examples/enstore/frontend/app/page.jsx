import Shop from '@/components/Shop'

export default function Page() {
  return <Shop />
}
