import React, { useEffect, useState } from 'react'
import { get, post, session } from './api.js'
import { usePolled } from './hooks.js'
import Items from './Items.jsx'
import Uploads from './Uploads.jsx'
import Jobs from './Jobs.jsx'
import Login from './Login.jsx'

export default function App() {
  const [active, setActive] = useState(session.active)
  useEffect(() => session.whenEnded(() => setActive(false)), [])
  return (
    <div className="page">
      <Header active={active} />
      {active ? <Board /> : <Login onLogin={() => setActive(true)} />}
      <Footer />
    </div>
  )
}

function Header({ active }) {
  const [me, setMe] = useState(null)
  useEffect(() => {
    if (active) get('/me').then(setMe, () => {})
    else setMe(null)
  }, [active])
  async function logout() {
    await post('/logout').catch(() => {})
    session.end()
  }
  return (
    <header>
      <a className="brand" href="/">
        <img src="/favicon.svg" alt="" width="28" height="28" /> ENABLEDRM
      </a>
      <nav>
        <a href="/monitor">Monitor</a>
        <a href="/api/docs">API docs</a>
        {me && (
          <>
            <span className="who" id="who">{me.username}</span>
            <button className="quiet" onClick={logout}>Log out</button>
          </>
        )}
      </nav>
    </header>
  )
}

function Footer() {
  const [health, , error] = usePolled(() => get('/health'), 10000)
  return (
    <footer>
      <Dot good={health?.status === 'ok' && !error} pending={!health && !error} /> API {error ? 'does not answer' : health ? health.status : '…'}
      {health && !error && (
        <span className="faint"> · {health.environment} · version {health.version} · instance {health.instance}</span>
      )}
    </footer>
  )
}

function Board() {
  const [revision, setRevision] = useState(0)
  const changed = () => setRevision((n) => n + 1)
  return (
    <main>
      <Stats revision={revision} />
      <div className="columns">
        <Items revision={revision} onChange={changed} />
        <Uploads revision={revision} onChange={changed} />
      </div>
      <Jobs onChange={changed} />
      <Schedule />
    </main>
  )
}

function Stats({ revision }) {
  const [stats, refresh] = usePolled(async () => {
    const { data, response } = await get('/stats', { full: true })
    return { ...data, cache: response.headers.get('X-Cache') }
  }, 5000)
  useEffect(() => {
    if (revision) refresh()
  }, [revision, refresh])
  const jobs = stats?.jobs || {}
  const figures = [
    ['Items', stats?.items],
    ['Uploads', stats?.uploads],
    ['Jobs done', stats && (jobs.done || 0)],
    ['In queue', stats?.queue_length],
  ]
  return (
    <section className="figures">
      {figures.map(([label, value]) => (
        <div className="card figure" key={label}>
          <b>{value ?? '–'}</b>
          <span>{label}</span>
        </div>
      ))}
      <span className="faint cache" title="Redis keeps this answer for a while">cache {stats?.cache?.toLowerCase() ?? '–'}</span>
    </section>
  )
}

function Schedule() {
  const [runs] = usePolled(() => get('/schedule?limit=6'), 5000)
  return (
    <section className="card" id="schedule">
      <h2>Scheduled jobs</h2>
      {runs?.length ? (
        <table>
          <tbody>
            {runs.map((run) => (
              <tr key={run.name + run.started_at}>
                <td><Dot good={run.outcome === 'ok'} /> {run.name.replace('_', ' ')}</td>
                <td className="faint">{new Date(run.started_at).toLocaleTimeString()}</td>
                <td className="detail">{Object.entries(run.detail).map(([k, v]) => `${k.replace(/_/g, ' ')} ${show(v)}`).join(' · ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="faint">None has run yet.</p>
      )}
    </section>
  )
}

const show = (value) =>
  value && typeof value === 'object' ? Object.entries(value).map(([k, v]) => `${v} ${k}`).join(', ') || 'none' : String(value)

export function Dot({ good, pending }) {
  return <i className={pending ? 'dot pending' : good ? 'dot good' : 'dot'} />
}
