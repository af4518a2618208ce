'use client'
import { useEffect } from 'react'
import { rows } from '@/lib/api'
import { useApi, useNow, usePolled } from '@/lib/hooks'
import { age, clock, short } from '@/lib/format'
import Loading from './Loading'

// The newest orders, each with its state as it changes. `compact` is the list beside the products.
export default function OrderTable({ limit, status, revision, compact }) {
  const api = useApi()
  const now = useNow()
  const orders = usePolled(() => api.get('/orders', { limit, status }).then((answer) => rows(answer.body)), 1500, `${limit} ${status}`)
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
            <tr key={order.id} data-order={order.id} data-status={order.status}>
              <td><code title={order.id}>{short(order.id)}</code></td>
              <td>{compact && order.quantity > 1 && <span className="faint">{order.quantity} × </span>}{order.sku}</td>
              {!compact && <td className="number">{order.quantity}</td>}
              <td><Status key={order.status} of={order} /></td>
              {!compact && <td className="number">{order.attempts ?? '–'}</td>}
              <td className="number faint" title={clock(order.created_at)}>{age(order.created_at, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Loading>
  )
}

// Keyed by the status where it is used, so that each change flashes once.
function Status({ of: order }) {
  const reason = order.error || order.failure_reason || order.last_error
  return <span className={`badge ${order.status}`} title={reason || undefined}>{order.status}</span>
}
