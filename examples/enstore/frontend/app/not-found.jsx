import Link from 'next/link'

export default function NotFound() {
  return (
    <section className="card empty">
      <h1>There is no such page</h1>
      <p><Link href="/">Back to the shop</Link></p>
    </section>
  )
}
