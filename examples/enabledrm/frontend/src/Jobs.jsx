import React, { useEffect, useRef, useState } from 'react'
import { get, post } from './api.js'
import { usePolled } from './hooks.js'

export default function Jobs({ onChange }) {
  const [jobs, refresh] = usePolled(() => get('/tasks?limit=8'), 1000)
  const [error, setError] = useState(null)
  const finished = jobs?.filter((job) => job.finished_at).map((job) => job.id).join()
  const before = useRef(finished)
  useEffect(() => {
    if (before.current !== undefined && before.current !== finished) onChange()
    before.current = finished
  }, [finished])

  async function submit(task) {
    try {
      await post('/tasks', task)
      setError(null)
      refresh()
    } catch (err) {
      setError(err.message)
    }
  }

  return (
    <section className="card" id="jobs">
      <h2>Background jobs</h2>
      <div className="row wrap">
        <button id="job-long" onClick={() => submit({ kind: 'long', seconds: 10 })}>Start a long task</button>
        <button id="job-export" onClick={() => submit({ kind: 'export' })}>Export items</button>
        <button id="job-email" onClick={() => submit({ kind: 'email', to: 'someone@example.com', subject: 'Hello', body: 'Sent by a background job.' })}>
          Send an e-mail
        </button>
      </div>
      {error && <p className="error" role="alert">{error}</p>}
      {jobs?.length ? (
        <table>
          <thead>
            <tr><th>Job</th><th>State</th><th>Result</th></tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <tr key={job.id} data-kind={job.kind} data-state={job.state}>
                <td>{job.kind}</td>
                <td className="state">
                  {job.state === 'running' ? <progress max="100" value={job.progress} title={`${job.progress} %`} /> : <span className={`badge ${job.state}`}>{job.state}</span>}
                </td>
                <td className="detail">{result(job)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="faint">None yet.</p>
      )}
    </section>
  )
}

function result({ kind, result, worker, state }) {
  if (!result) return state === 'running' ? `on ${worker}` : ''
  if (result.error) return result.error
  switch (kind) {
    case 'process-file':
      return `${result.name}: ${result.lines} lines, ${result.words} words, sha256 ${result.sha256.slice(0, 12)}…`
    case 'import':
      return `${result.imported} items from ${result.name}`
    case 'export':
      return `${result.items} items in ${result.name}`
    case 'email':
      return `to ${result.to}`
    case 'long':
      return `took ${result.seconds} s`
    default:
      return JSON.stringify(result)
  }
}
