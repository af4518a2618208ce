'use client'
import { useState } from 'react'
import OrderTable from './OrderTable'
import Stats from './Stats'

const filters = ['', 'pending', 'completed', 'failed']

export default function Orders() {
  const [status, setStatus] = useState('')
  const [after, setAfter] = useState('')
  const [next, setNext] = useState(null)
  const show = (name) => {
    setStatus(name)
    setAfter('')
  }
  return (
    <>
      <Stats />
      <div className="heading">
        <h1>Orders</h1>
        <Tabs value={status} onChange={show} />
      </div>
      <OrderTable limit={25} status={status} after={after} onNext={setNext} />
      <div className="pager">
        {after && <button onClick={() => setAfter('')}>Newest</button>}
        {next && <button onClick={() => setAfter(next)}>Older</button>}
      </div>
    </>
  )
}

function Tabs({ value, onChange }) {
  return (
    <div className="tabs">
      {filters.map((name) => (
        <button key={name} aria-pressed={value === name} onClick={() => onChange(name)}>{name || 'all'}</button>
      ))}
    </div>
  )
}
