import { useCallback, useEffect, useRef, useState } from 'react'

// usePolled reads something now, at every interval, and when asked to.
export function usePolled(read, milliseconds) {
  const [value, setValue] = useState(null)
  const [error, setError] = useState(null)
  const current = useRef(read)
  current.current = read
  const refresh = useCallback(async () => {
    try {
      setValue(await current.current())
      setError(null)
    } catch (err) {
      setError(err)
    }
  }, [])
  useEffect(() => {
    refresh()
    const timer = setInterval(refresh, milliseconds)
    return () => clearInterval(timer)
  }, [refresh, milliseconds])
  return [value, refresh, error]
}
