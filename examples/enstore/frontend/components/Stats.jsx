'use client'
import { useEffect } from 'react'
import { row } from '@/lib/api'
import { useApi, usePolled } from '@/lib/hooks'

export default function Stats({ revision }) {
  const api = useApi()
  const { data, refresh } = usePolled(() => api.get('/stats').then((answer) => row(answer.body)), 3000)
  useEffect(() => {
    if (revision) refresh()
  }, [revision, refresh])
  const orders = data?.orders || {}
  const open = data && (orders.pending || 0) + (orders.processing || 0)
  const figures = [
    ['In the queue', open, 'wait'],
    ['Completed', data && (orders.completed || 0), 'good'],
    ['Failed', data && (orders.failed || 0), 'bad'],
    ['Notifications', count(data?.notifications), ''],
    ['Redeliveries', count(data?.redeliveries), ''],
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

const count = (value) => (value && typeof value === 'object' ? value.total ?? Object.values(value).reduce((sum, n) => sum + Number(n || 0), 0) : value)
