'use client'
import { useEffect } from 'react'
import { useApi, useNow, usePolled } from '@/lib/hooks'
import { age, clock, short } from '@/lib/format'
import Loading from './Loading'

// A page of orders, the newest first, each with its state as it changes; onNext hears what the following page begins after.
// `compact` is the list beside the products.
export default function OrderTable({ limit, status, after, revision, compact, onNext }) {
  const api = useApi()
  const now = useNow()
  const orders = usePolled(
    async () => {
      const { data, next } = (await api.get('/orders', { limit, status, after })).body
      onNext?.(next)
      return data
    },
    1500,
    `${limit} ${status} ${after}`,
  )
  const { refresh } = orders
  useEffect(() => {
    if (revision) refresh()
  }, [revision, refresh])
  return (
    <Loading of={orders} empty={status ? `No ${status} orders.` : 'No orders yet.'}>
      <table className="card orders" id="orders">
        <thead>
          <tr>
            <th>Order</th>
            <th>Product</th>
            {!compact && <th className="number">Quantity</th>}
            <th>Status</th>
            {!compact && <th className="number">Tries</th>}
            <th className="number">Placed</th>
          </tr>
        </thead>
        <tbody>
          {orders.data?.map((order) => (
            <tr key={order.id} title={order.error || undefined} data-order={order.id} data-status={order.status}>
              <td><code title={order.id}>{short(order.id)}</code></td>
              <td>{compact && order.quantity > 1 && <span className="faint">{order.quantity} × </span>}{order.sku}</td>
              {!compact && <td className="number">{order.quantity}</td>}
              <td><Status key={order.status} of={order} compact={compact} /></td>
              {!compact && <td className="number">{order.attempts}</td>}
              <td className="number faint" title={clock(order.created_at)}>{age(order.created_at, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Loading>
  )
}

// Keyed by the status where it is used, so that each change flashes once.
function Status({ of: order, compact }) {
  const retried = order.status === 'pending' && order.attempts > 1
  return (
    <>
      <span className={`badge ${order.status}`}>{compact && retried ? `try ${order.attempts}` : order.status}</span>
      {!compact && order.error && <span className="faint reason">{order.error}</span>}
    </>
  )
}
