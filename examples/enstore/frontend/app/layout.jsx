import './globals.css'
import { apiUrl } from '@/lib/config'
import Shell from '@/components/Shell'

export const metadata = {
  title: { default: 'Enstore', template: '%s · Enstore' },
  description: 'A small shop: products, orders, notifications and what happens behind them.',
}

export const viewport = { colorScheme: 'light dark' }

export default async function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Shell apiUrl={await apiUrl()}>{children}</Shell>
      </body>
    </html>
  )
}
