'use client'

import { type ReactNode, useEffect, useRef, useState } from 'react'

/** Scrolls a table sideways only where it is wider than the page: otherwise its head sticks to the window. */
export function TableFrame({ children }: { children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null)
  const [overflows, setOverflows] = useState(false)
  useEffect(() => {
    const element = frame.current
    const table = element?.firstElementChild
    if (!element || !table) return
    const observer = new ResizeObserver(() =>
      setOverflows(table.getBoundingClientRect().width > element.clientWidth + 1),
    )
    observer.observe(element)
    observer.observe(table)
    return () => observer.disconnect()
  }, [])
  return (
    <div
      ref={frame}
      data-overflows={overflows ? '' : undefined}
      // What scrolls must be reachable by keyboard (WCAG 2.1.1).
      tabIndex={overflows ? 0 : undefined}
      className="group/table relative rounded-card border bg-surface data-overflows:overflow-x-auto"
    >
      {children}
    </div>
  )
}
