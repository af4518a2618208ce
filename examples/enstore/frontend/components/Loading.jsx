'use client'

// What stands where a list will be: its placeholder, why it is not there, that it is empty, or the list itself.
export default function Loading({ of: polled, empty, children }) {
  const { data, error } = polled
  if (!data) return <div className="card empty">{error ? <p className="bad">{error.unreachable ? 'Waiting for the API.' : error.message}</p> : <p className="faint">Loading …</p>}</div>
  const list = Array.isArray(data) ? data : data.list
  if (!list.length) return <div className="card empty"><p className="faint">{empty}</p></div>
  return <div className={error ? 'stale' : undefined}>{children}</div>
}
