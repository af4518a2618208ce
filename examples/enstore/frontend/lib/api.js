// The API as the browser calls it. Every fault is an ApiError: unreachable when nobody answered in time (or the browser was
// not allowed to see the answer), otherwise with the answer's status, its message and the messages of single fields.

export class ApiError extends Error {
  constructor(message, { status = 0, fields = {}, body = null } = {}) {
    super(message)
    this.status = status
    this.fields = fields
    this.body = body
  }

  get unreachable() {
    return this.status === 0
  }
}

const patience = 10_000

export function createApi(base) {
  async function request(method, path, { query, body, headers } = {}) {
    const search = new URLSearchParams(Object.entries(query || {}).filter(([, value]) => value !== undefined && value !== ''))
    const url = `${base}${path}${search.size ? `?${search}` : ''}`
    let response
    try {
      response = await fetch(url, {
        method,
        cache: 'no-store',
        signal: AbortSignal.timeout(patience),
        headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }), ...headers },
        body: body && JSON.stringify(body),
      })
    } catch (fault) {
      throw new ApiError(fault.name === 'TimeoutError' ? `no answer within ${patience / 1000} seconds` : 'no connection')
    }
    const answer = await response.json().catch(() => null)
    if (!response.ok) {
      throw new ApiError(answer?.message || `the API answered ${response.status}`, {
        status: response.status,
        fields: answer?.errors || {},
        body: answer,
      })
    }
    return { body: answer, status: response.status, headers: response.headers }
  }
  return {
    base,
    get: (path, query) => request('GET', path, { query }),
    post: (path, body, headers) => request('POST', path, { body, headers }),
  }
}

// crypto.randomUUID exists only on localhost and HTTPS.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
