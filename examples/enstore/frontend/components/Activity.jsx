'use client'
import { useState } from 'react'
import { rows } from '@/lib/api'
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
      const list = rows((await api.get('/activity-logs', { limit: 100, type })).body)
      setTypes((old) => {
        const all = [...new Set([...old, ...list.map((entry) => entry.type)])].filter(Boolean).sort()
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
              <span className={`badge type ${/fail/.test(entry.type) ? 'failed' : ''}`} style={{ '--hue': hue(entry.type) }}>{entry.type}</span>
              <div className="grow">{text(entry)}</div>
              <time className="faint" title={age(entry.created_at, now)}>{clock(entry.created_at)}</time>
            </li>
          ))}
        </ul>
      </Loading>
    </>
  )
}

// Whatever an entry says of itself, besides its type and its time.
const text = (entry) => {
  const { id, type, created_at, updated_at, message, description, context, data, ...rest } = entry
  return [message || description, summary(context), summary(data), summary(rest)].filter(Boolean).join(' · ')
}
