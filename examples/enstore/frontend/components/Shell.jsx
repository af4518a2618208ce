'use client'
import { useMemo } from 'react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { createApi } from '@/lib/api'
import { ApiContext, usePolled } from '@/lib/hooks'
import { summary } from '@/lib/format'
import Logo from './Logo'

const pages = [
  ['/', 'Shop'],
  ['/orders', 'Orders'],
  ['/notifications', 'Notifications'],
  ['/activity', 'Activity'],
]

// The frame of every page: the API's address goes to all of them through the context, and the API's health stands above them.
export default function Shell({ apiUrl, children }) {
  const api = useMemo(() => createApi(apiUrl), [apiUrl])
  const path = usePathname()
  if (!apiUrl) return <Misconfigured />
  return (
    <ApiContext value={api}>
      <header className="top">
        <div className="page">
          <Link className="brand" href="/"><Logo /> Enstore</Link>
          <nav>
            {pages.map(([href, label]) => (
              <Link key={href} href={href} aria-current={path === href ? 'page' : undefined}>{label}</Link>
            ))}
          </nav>
        </div>
      </header>
      <Health api={api}>{children}</Health>
    </ApiContext>
  )
}

function Health({ api, children }) {
  const { data, error, at, refresh } = usePolled(() => api.get('/health').then((answer) => answer.body), 5000)
  const state = error ? 'bad' : data ? 'good' : 'pending'
  return (
    <>
      <main className="page">
        {error && <Trouble api={api} error={error} at={at} onRetry={refresh} />}
        {children}
      </main>
      <footer className="page" id="health">
        <i className={`dot ${state}`} />
        {error ? (error.unreachable ? 'The API does not answer' : 'The API is not well') : data ? 'The API is well' : 'Asking the API …'}
        <span className="faint"> · {api.base}{data && !error && ` · version ${data.version} · instance ${data.instance}`}</span>
      </footer>
    </>
  )
}

function Trouble({ api, error, at, onRetry }) {
  return (
    <section className="banner" role="alert" id="api-trouble">
      <div>
        <h2>{error.unreachable ? 'The API does not answer' : 'The API answers, but it is not well'}</h2>
        {error.unreachable ? (
          <p>
            Nothing came back from <code>{api.base}</code>: {error.message}. Is the back end up, is this its address, and does it
            allow this page’s origin (<code>CORS_ORIGINS</code>)?
          </p>
        ) : (
          <p><code>{api.base}/health</code> answered {error.status}{broken(error.body) && <>: {broken(error.body)}</>}.</p>
        )}
        <p className="faint">Last tried {at?.toLocaleTimeString()}; tried again every 5 seconds. What is shown below may be old.</p>
      </div>
      <button onClick={onRetry}>Try now</button>
    </section>
  )
}

// The parts that the health answer names, where it does.
const broken = (body) => summary(body?.checks)

function Misconfigured() {
  return (
    <main className="page">
      <section className="banner" role="alert" id="api-trouble">
        <div>
          <h2>No API address</h2>
          <p>
            This server was started without <code>NEXT_PUBLIC_API_URL</code>. Set it to where browsers find the API, for example{' '}
            <code>http://localhost:8000/api</code>, and start it again; nothing has to be built anew.
          </p>
        </div>
      </section>
    </main>
  )
}
