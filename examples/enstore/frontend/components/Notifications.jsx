'use client'
import { useApi, useNow, usePolled } from '@/lib/hooks'
import { age, clock, short } from '@/lib/format'
import Loading from './Loading'

export default function Notifications() {
  const api = useApi()
  const now = useNow()
  const notes = usePolled(() => api.get('/notifications').then((answer) => answer.body.data), 3000)
  return (
    <>
      <div className="heading"><h1>Notifications</h1></div>
      <Loading of={notes} empty="No notifications yet: each order leaves one when it is completed or has failed.">
        <ul className="card list" id="notifications">
          {notes.data?.map((note) => (
            <li key={note.id}>
              <i className={`dot ${note.type === 'order.failed' ? 'bad' : 'good'}`} />
              <div className="grow">{note.message}</div>
              <code className="faint" title={note.order_id}>{short(note.order_id)}</code>
              <time className="faint" title={clock(note.created_at)}>{age(note.created_at, now)}</time>
            </li>
          ))}
        </ul>
      </Loading>
    </>
  )
}
