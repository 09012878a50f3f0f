/** The prompt in this browser's storage, for whom asked for it, one for each person. Never a key, never an answer. */
import { type Prompt, prompt } from './prompt'

const nameOf = (userId: string) => `gatehouse-playground-${userId}`

/** Null where none is kept, or what is kept is of another make. */
export function readKeptPrompt(userId: string): Prompt | null {
  try {
    return prompt.safeParse(JSON.parse(localStorage.getItem(nameOf(userId)) ?? 'null')).data ?? null
  } catch {
    return null
  }
}

/** @returns whether there was room: images can be more than a browser keeps. */
export function keepPrompt(userId: string, kept: Prompt): boolean {
  try {
    localStorage.setItem(nameOf(userId), JSON.stringify(kept))
    return true
  } catch {
    return false
  }
}

export function forgetKeptPrompt(userId: string): void {
  localStorage.removeItem(nameOf(userId))
}
