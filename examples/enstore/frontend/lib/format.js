const toDate = (text) => (text ? new Date(text) : null)

export function age(text, now) {
  const date = toDate(text)
  if (!date || !now) return ''
  const seconds = Math.max(0, Math.round((now - date.getTime()) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`
  return date.toLocaleDateString()
}

export const clock = (text) => toDate(text)?.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }) ?? ''

export const money = (product) =>
  new Intl.NumberFormat('en', { style: 'currency', currency: product.currency }).format(product.price_cents / 100)

export const short = (id) => String(id ?? '').slice(0, 8)

// A hue that belongs to a SKU.
export function hue(text) {
  let sum = 0
  for (const letter of String(text)) sum = (sum * 31 + letter.charCodeAt(0)) % 360
  return sum
}

// One line of whatever object an entry carries.
export function summary(value) {
  if (value === null || value === undefined || value === '') return ''
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .filter(([, v]) => v !== null && v !== '')
    .map(([k, v]) => `${k.replaceAll('_', ' ')} ${typeof v === 'object' ? summary(v) : v}`)
    .join(' · ')
}
