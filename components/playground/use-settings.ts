'use client'

import {
  parseAsArrayOf,
  parseAsBoolean,
  parseAsFloat,
  parseAsInteger,
  parseAsString,
  useQueryStates,
} from 'nuqs'
import type { CallSettings } from './chat-request'

export const MAX_ROUTES = 3

/** What is in the URL, so that a link shows the same comparison: never a prompt, never a key. */
export function useSettings() {
  const [values, setValues] = useQueryStates({
    routes: parseAsArrayOf(parseAsString).withDefault([]),
    stream: parseAsBoolean.withDefault(true),
    temperature: parseAsFloat,
    maxTokens: parseAsInteger,
  })
  const settings: CallSettings = values
  return {
    routes: [...new Set(values.routes)].slice(0, MAX_ROUTES),
    settings,
    setRoutes: (routes: readonly string[]) =>
      void setValues({ routes: routes.length === 0 ? null : [...routes] }),
    setSettings: (part: Partial<CallSettings>) => void setValues(part),
  }
}
