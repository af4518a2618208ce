import React, { useEffect, useState } from 'react'
import { del, get, post } from './api.js'
import { usePolled } from './hooks.js'

export default function Items({ revision, onChange }) {
  const [items, refresh] = usePolled(() => get('/items?limit=8'), 10000)
  const [name, setName] = useState('')
  const [error, setError] = useState(null)
  useEffect(() => {
    if (revision) refresh()
  }, [revision, refresh])

  async function act(work) {
    try {
      await work()
      setError(null)
      onChange()
    } catch (err) {
      setError(err.message)
    }
  }
  function add(event) {
    event.preventDefault()
    act(async () => {
      await post('/items', { name })
      setName('')
    })
  }

  return (
    <section className="card" id="items">
      <h2>Items</h2>
      <form className="row" onSubmit={add}>
        <input id="item-name" placeholder="A new item" value={name} onChange={(e) => setName(e.target.value)} required maxLength="200" />
        <button id="item-add">Add</button>
      </form>
      {error && <p className="error" role="alert">{error}</p>}
      <ul className="list">
        {items?.map((item) => (
          <li key={item.id}>
            <span className="grow">{item.name}</span>
            {item.priority > 0 && <span className="badge">priority {item.priority}</span>}
            <button className="quiet" aria-label={`Delete ${item.name}`} onClick={() => act(() => del(`/items/${item.id}`))}>✕</button>
          </li>
        ))}
      </ul>
      {items?.length === 0 && <p className="faint">Nothing yet.</p>}
    </section>
  )
}
