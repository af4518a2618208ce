'use client'
import { useState } from 'react'
import { useApi, useNow, usePolled } from '@/lib/hooks'
import { age, clock, hue, summary } from '@/lib/format'
import Loading from './Loading'

export default function Activity() {
  const api = useApi()
  const now = useNow()
  const [type, setType] = useState('')
  const [types, setTypes] = useState([])
  const logs = usePolled(
    async () => {
      const list = (await api.get('/activity-logs', { limit: 100, type })).body.data
      setTypes((old) => {
        const all = [...new Set([...old, ...list.map((entry) => entry.type)])].sort()
        return all.length === old.length ? old : all
      })
      return list
    },
    3000,
    type,
  )
  return (
    <>
      <div className="heading">
        <h1>Activity</h1>
        <div className="tabs">
          {['', ...types].map((name) => (
            <button key={name} aria-pressed={type === name} onClick={() => setType(name)}>{name || 'all'}</button>
          ))}
        </div>
      </div>
      <Loading of={logs} empty="Nothing has been logged yet.">
        <ul className="card list" id="activity">
          {logs.data?.map((entry) => (
            <li key={entry.id}>
              <span className={`badge type ${entry.type === 'order.failed' ? 'failed' : ''}`} style={{ '--hue': hue(entry.type) }}>{entry.type}</span>
              <div className="grow">{text(entry)}</div>
              <time className="faint" title={age(entry.created_at, now)}>{clock(entry.created_at)}</time>
            </li>
          ))}
        </ul>
      </Loading>
    </>
  )
}

// What an entry says of itself; of its context, what the message does not say already.
const text = (entry) => {
  const { order_id, products, ...more } = entry.context || {}
  return [entry.message, summary(more)].filter(Boolean).join(' · ')
}
