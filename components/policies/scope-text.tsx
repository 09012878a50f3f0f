'use client'

import Link from 'next/link'
import { useOptions, useResource } from '@/components/data/collection'
import { entityHref } from '@/components/overview/entity-href'
import { scopeNoun, scopePath, scopeWords } from './scope-words'

interface Named {
  id: string
  name: string
}
export interface Scope {
  type: string
  id: string | null
  each: boolean
}

/** In a list: the first hundred names of a kind are read together, others one by one. */
export function ScopeText({ scope }: { scope: Scope }) {
  const name = useScopeName(scope)
  return <span title={scope.id ?? undefined}>{scopeWords(scope, name)}</span>
}

/** On a page of its own: leads to whom it names. */
export function ScopeLink({ scope }: { scope: Scope }) {
  const name = useScopeName(scope)
  const href = scope.id === null ? null : entityHref(scope.type, scope.id)
  if (href === null) return scopeWords(scope, name)
  return (
    <>
      {scopeNoun(scope.type)}{' '}
      <Link href={href} className="text-accent hover:underline">
        {name ?? scope.id}
      </Link>
    </>
  )
}

export function useScopeName({ type, id, each }: Scope): string | null {
  const path = id === null || each ? null : scopePath(type)
  const options = useOptions<Named>(path ?? '', { sort: 'name' }, path !== null)
  const known = options.data?.find((one) => one.id === id)?.name
  const missing = path !== null && !options.isPending && known === undefined
  const one = useResource<Named>(path ?? '', missing ? id : null)
  return known ?? one.data?.data.name ?? null
}
