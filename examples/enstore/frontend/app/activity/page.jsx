import Activity from '@/components/Activity'

export const metadata = { title: 'Activity' }

export default function Page() {
  return <Activity />
}
