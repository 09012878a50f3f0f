'use client'

/**
 * What the Playground knows in this tab: in no URL, no storage and no query cache. It outlives a look at another page,
 * so that a key need not be made twice, and is gone on reload; signing out reloads.
 */
import { useSyncExternalStore } from 'react'
import { FIRST_PROMPT, type Prompt } from './prompt'

export type PlaygroundKey =
  | { readonly kind: 'pasted'; readonly secret: string }
  | {
      readonly kind: 'made'
      readonly secret: string
      readonly id: string
      readonly name: string
      readonly consumerName: string
      readonly expiresAt: string | null
    }

interface Memory {
  readonly key: PlaygroundKey | null
  readonly prompt: Prompt
}

const NOTHING: Memory = { key: null, prompt: FIRST_PROMPT }
let memory = NOTHING
const listeners = new Set<() => void>()

export function remember(part: Partial<Memory>): void {
  memory = { ...memory, ...part }
  for (const listener of listeners) listener()
}

export function useMemory(): Memory {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => memory,
    () => NOTHING,
  )
}
