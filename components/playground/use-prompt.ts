'use client'

import { useEffect, useState } from 'react'
import { useMe } from '@/components/data/me'
import { forgetKeptPrompt, keepPrompt, readKeptPrompt } from './kept-prompt'
import { remember, useMemory } from './memory'
import { FIRST_PROMPT, type Prompt } from './prompt'

export interface PromptState {
  readonly prompt: Prompt
  set(prompt: Prompt): void
  /** Whether it is kept in this browser; `full`: it is to be, and there is no room for it. */
  readonly kept: boolean | 'full'
  setKept(kept: boolean): void
}

/** The prompt of this tab, and of this browser where that was asked for. */
export function usePrompt(): PromptState {
  const { id } = useMe()
  const { prompt } = useMemory()
  const [kept, setKept] = useState<boolean | 'full'>(false)
  useEffect(() => {
    const stored = readKeptPrompt(id)
    if (!stored) return
    setKept(true)
    remember({ prompt: stored })
  }, [id])
  const keep = (next: Prompt) => setKept(keepPrompt(id, next) ? true : 'full')
  return {
    prompt,
    kept,
    set(next) {
      remember({ prompt: next })
      if (kept) keep(next)
    },
    setKept(on) {
      if (on) return keep(prompt)
      forgetKeptPrompt(id)
      setKept(false)
    },
  }
}

export const isUntouched = (prompt: Prompt) => JSON.stringify(prompt) === JSON.stringify(FIRST_PROMPT)
