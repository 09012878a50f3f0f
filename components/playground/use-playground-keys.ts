'use client'

import { useEffect, useRef } from 'react'

/** Ctrl or ⌘ with Enter sends from wherever one types; Esc stops what is running. What is open above comes first. */
export function usePlaygroundKeys(actions: { send: () => void; stop: (() => void) | null }): void {
  const latest = useRef(actions)
  useEffect(() => {
    latest.current = actions
  })
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role=dialog]')) return
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        latest.current.send()
      } else if (event.key === 'Escape') latest.current.stop?.()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
}
