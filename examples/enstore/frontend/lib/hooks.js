'use client'
import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react'

export const ApiContext = createContext(null)
export const useApi = () => useContext(ApiContext)

// usePolled calls load at once, and again `every` milliseconds after each answer; not while the page is hidden. An error
// leaves the last data standing. A change of key begins anew.
export function usePolled(load, every, key = '') {
  const [state, setState] = useState({ data: null, error: null, at: null })
  const latest = useRef(load)
  const turn = useRef(() => {})
  useEffect(() => {
    latest.current = load
  })
  useEffect(() => {
    let timer
    let round = 0
    async function tick() {
      const mine = ++round
      clearTimeout(timer)
      try {
        const data = await latest.current()
        if (mine === round) setState({ data, error: null, at: new Date() })
      } catch (error) {
        if (mine === round) setState((old) => ({ ...old, error, at: new Date() }))
      }
      if (mine === round && !document.hidden) timer = setTimeout(tick, every)
    }
    const seen = () => !document.hidden && tick()
    turn.current = tick
    document.addEventListener('visibilitychange', seen)
    tick()
    return () => {
      round = -1
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [every, key])
  return { ...state, refresh: useCallback(() => turn.current(), []) }
}

// useNow is the time, renewed each second, so that ages grow. Null until the browser has it: the server's clock is another's.
export function useNow() {
  const [now, setNow] = useState(null)
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
