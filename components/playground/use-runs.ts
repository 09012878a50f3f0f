'use client'

import { useEffect, useRef, useState } from 'react'
import { type CallProgress, callRoute } from './call-route'
import type { ChatBody } from './chat-request'

/** A call of a pane, with what was sent. */
export interface Run extends CallProgress {
  readonly body: ChatBody
}

export interface Runs {
  /** By route. */
  readonly all: Readonly<Record<string, Run>>
  readonly running: boolean
  send(calls: readonly ChatBody[]): void
  /** One route's call, or all. */
  stop(route?: string): void
  clear(): void
}

const isRunning = ({ phase }: CallProgress) => phase === 'waiting' || phase === 'answering'

/** The calls of all panes. Leaving the page stops them, as hanging up does. */
export function useRuns(gatewayUrl: string, apiKey: string | null): Runs {
  const [all, setAll] = useState<Readonly<Record<string, Run>>>({})
  const aborts = useRef(new Map<string, AbortController>())
  useEffect(() => {
    const { current } = aborts
    return () => {
      for (const abort of current.values()) abort.abort()
    }
  }, [])

  const start = (route: string, body: ChatBody, secret: string) => {
    const abort = new AbortController()
    aborts.current.set(route, abort)
    const show = atFrames((progress) => {
      // One that was cleared away, or sent anew meanwhile, is no longer shown.
      if (aborts.current.get(route) === abort)
        setAll((before) => ({ ...before, [route]: { ...progress, body } }))
    })
    void callRoute({
      gatewayUrl,
      apiKey: secret,
      body,
      signal: abort.signal,
      now: () => performance.now(),
      onProgress: show,
    })
  }
  return {
    all,
    running: Object.values(all).some(isRunning),
    send(calls) {
      if (apiKey === null) return
      setAll({})
      for (const body of calls) start(String(body.model), body, apiKey)
    },
    stop(route) {
      for (const [name, abort] of aborts.current) if (route === undefined || name === route) abort.abort()
    },
    clear() {
      for (const abort of aborts.current.values()) abort.abort()
      aborts.current.clear()
      setAll({})
    },
  }
}

/** A fast stream has more pieces than a screen has frames; its beginning and its end are shown at once. */
function atFrames(show: (progress: CallProgress) => void): (progress: CallProgress) => void {
  let waiting: number | null = null
  let newest: CallProgress | null = null
  return (progress) => {
    const isFirst = newest === null
    newest = progress
    if (isFirst || !isRunning(progress)) {
      if (waiting !== null) cancelAnimationFrame(waiting)
      return show(progress)
    }
    waiting ??= requestAnimationFrame(() => {
      waiting = null
      if (newest) show(newest)
    })
  }
}
