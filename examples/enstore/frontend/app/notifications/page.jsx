import Notifications from '@/components/Notifications'

export const metadata = { title: 'Notifications' }

export default function Page() {
  return <Notifications />
}
