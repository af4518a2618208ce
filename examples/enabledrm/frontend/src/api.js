const base = (window.ENABLEDRM?.REACT_APP_API_URL || import.meta.env.REACT_APP_API_URL || '/api').replace(/\/$/, '')

export class ApiError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

let token = sessionStorage.getItem('token')
let onLogout = () => {}

export const session = {
  get active() {
    return Boolean(token)
  },
  start(value) {
    token = value
    sessionStorage.setItem('token', value)
  },
  end() {
    token = null
    sessionStorage.removeItem('token')
    onLogout()
  },
  whenEnded(callback) {
    onLogout = callback
  },
}

// call answers the parsed body; with { full: true } also the response, for its headers.
export async function call(method, path, body, { full = false } = {}) {
  const form = body instanceof FormData
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body && !form ? { 'Content-Type': 'application/json' } : {}),
    },
    body: form ? body : body ? JSON.stringify(body) : undefined,
  })
  const text = await response.text()
  let data = null
  try {
    data = text ? JSON.parse(text) : null
  } catch {
    data = null
  }
  if (!response.ok) {
    if (response.status === 401 && token) session.end()
    const detail = typeof data?.detail === 'string' ? data.detail : null
    throw new ApiError(response.status, detail || `the server answered ${response.status}`)
  }
  return full ? { data, response } : data
}

export const get = (path, options) => call('GET', path, undefined, options)
export const post = (path, body) => call('POST', path, body)
export const del = (path) => call('DELETE', path)
