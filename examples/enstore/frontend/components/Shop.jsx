'use client'
import { useState } from 'react'
import Link from 'next/link'
import { newKey } from '@/lib/api'
import { useApi, usePolled } from '@/lib/hooks'
import { hue, money, short } from '@/lib/format'
import OrderTable from './OrderTable'
import Loading from './Loading'
import Stats from './Stats'

export default function Shop() {
  const api = useApi()
  const [placed, setPlaced] = useState(0)
  const products = usePolled(async () => {
    const answer = await api.get('/products')
    return { list: answer.body.data, cache: answer.headers.get('X-Cache') }
  }, 15_000)
  return (
    <>
      <Stats revision={placed} />
      <div className="split">
        <section>
          <div className="heading">
            <h1>Products</h1>
            {products.data?.cache && <span className="faint" title="Redis keeps the list for a while">cache {products.data.cache.toLowerCase()}</span>}
          </div>
          <Loading of={products} empty="No products yet: the scheduler fetches them from the supplier each minute.">
            <div className="products" id="products">
              {products.data?.list.map((product) => (
                <Product key={product.sku} product={product} onOrder={() => setPlaced((n) => n + 1)} />
              ))}
            </div>
          </Loading>
        </section>
        <aside>
          <div className="heading">
            <h2>Latest orders</h2>
            <Link href="/orders">All orders</Link>
          </div>
          <OrderTable limit={8} revision={placed} compact />
        </aside>
      </div>
    </>
  )
}

function Product({ product, onOrder }) {
  const api = useApi()
  const [quantity, setQuantity] = useState(1)
  const [state, setState] = useState({ step: 'idle' })
  // A key belongs to one wish. When the answer is lost, the next try carries the same key, and there is one order all the same.
  const [wish, setWish] = useState(null)

  async function order(event) {
    event.preventDefault()
    const mine = wish?.quantity === quantity ? wish : { key: newKey(), quantity }
    setWish(mine)
    setState({ step: 'sending' })
    try {
      const answer = await api.post('/orders', { sku: product.sku, quantity }, { 'Idempotency-Key': mine.key })
      setWish(null)
      setState({ step: 'placed', id: answer.body.data.id, again: answer.status === 200 })
      onOrder()
    } catch (error) {
      // Refused for good: the next click is another wish.
      if (error.status >= 400 && error.status < 500) setWish(null)
      setState({ step: 'failed', error })
    }
  }

  const art = hue(product.sku)
  return (
    <article className="card product" data-sku={product.sku}>
      <div className="art" style={{ '--hue': art }} aria-hidden="true"><span>{product.name.slice(0, 1)}</span></div>
      <div className="body">
        <h3>{product.name}</h3>
        <p className="faint"><code>{product.sku}</code></p>
        <form className="buy" onSubmit={order}>
          <b className="price">{money(product)}</b>
          <input
            onFocus={(event) => event.target.select()}
            aria-label={`Quantity of ${product.sku}`}
            type="number"
            min="1"
            max="100"
            value={quantity}
            onChange={(event) => setQuantity(Number(event.target.value))}
          />
          <button disabled={state.step === 'sending'}>{state.step === 'sending' ? 'Sending …' : wish ? 'Try again' : 'Order'}</button>
        </form>
        <p className={`result ${state.step}`} role="status">
          {state.step === 'placed' && <>Order {short(state.id)} {state.again ? 'had been placed already' : 'is placed'}.</>}
          {state.step === 'failed' && <Refusal error={state.error} />}
        </p>
      </div>
    </article>
  )
}

function Refusal({ error }) {
  const fields = Object.values(error.fields).flat()
  if (error.unreachable) return <>Not ordered: the API does not answer. Another try sends the same order, not a second one.</>
  return <>{fields.length ? fields.join(' ') : error.message}</>
}
