'use client'
import { useState } from 'react'
import OrderTable from './OrderTable'
import Stats from './Stats'

const filters = ['', 'pending', 'processing', 'completed', 'failed']

export default function Orders() {
  const [status, setStatus] = useState('')
  return (
    <>
      <Stats />
      <div className="heading">
        <h1>Orders</h1>
        <Tabs value={status} onChange={setStatus} />
      </div>
      <OrderTable limit={100} status={status} />
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
