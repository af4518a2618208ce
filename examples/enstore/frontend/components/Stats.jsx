'use client'
import { useEffect } from 'react'
import { useApi, usePolled } from '@/lib/hooks'

export default function Stats({ revision }) {
  const api = useApi()
  const { data, refresh } = usePolled(() => api.get('/stats').then((answer) => answer.body), 3000)
  useEffect(() => {
    if (revision) refresh()
  }, [revision, refresh])
  const figures = [
    ['Orders under way', data?.orders.pending, 'wait'],
    ['Completed', data?.orders.completed, 'good'],
    ['Failed', data?.orders.failed, 'bad'],
    ['Notifications', data?.notifications, ''],
    ['Redeliveries', data?.redeliveries, ''],
  ]
  return (
    <section className="figures" id="stats">
      {figures.map(([label, value, kind]) => (
        <div className={`card figure ${value ? kind : ''}`} key={label}>
          <b>{value ?? '–'}</b>
          <span>{label}</span>
        </div>
      ))}
    </section>
  )
}
