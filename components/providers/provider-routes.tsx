'use client'

import Link from 'next/link'
import { Card } from '@/components/ui/card'
import { SkeletonLines } from '@/components/ui/skeleton'
import type { Route } from '@/lib/resources/routes/schema'

/** Which routes send calls to a provider, and to which of its models. `routes` is undefined while they are read. */
export function ProviderRoutes({
  providerId,
  routes,
}: {
  providerId: string
  routes: readonly Route[] | undefined
}) {
  return (
    <Card title="Used by">
      {routes ? null : <SkeletonLines lines={2} label="Loading its routes" />}
      {routes?.length === 0 ? <p className="text-sm text-muted">No route sends calls to it yet.</p> : null}
      <ul className="flex flex-col gap-2 empty:hidden">
        {routes?.map((route) => (
          <li key={route.id} className="text-sm">
            <Link href={`/routes/${route.id}`} className="font-mono break-all text-accent hover:underline">
              {route.name}
            </Link>
            {route.enabled ? null : <span className="text-muted"> turned off</span>}
            <span className="block text-xs break-all text-muted">{usesOf(route, providerId).join(', ')}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** Its models there, each once: "gpt-4o", "gpt-4o-mini as a fallback". */
function usesOf({ targets }: Route, providerId: string): string[] {
  const first = Math.min(...targets.map(({ priority }) => priority))
  const own = targets.filter((target) => target.providerId === providerId)
  return [...new Set(own.map(({ model, priority }) => (priority > first ? `${model} as a fallback` : model)))]
}
