import 'server-only'
import { connection } from 'next/server'

// The API's address as the container was started with. Next replaces a plain process.env.NEXT_PUBLIC_… while it builds; a name
// that it cannot read is looked up when the page is asked for, and connection() keeps the page out of the build.
export async function apiUrl() {
  await connection()
  const name = ['NEXT', 'PUBLIC', 'API', 'URL'].join('_')
  return (process.env[name] || '').replace(/\/+$/, '')
}
