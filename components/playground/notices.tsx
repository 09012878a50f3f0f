'use client'

import { Plus, SquareTerminal } from 'lucide-react'
import Link from 'next/link'
import { useSyncExternalStore } from 'react'
import { useCan } from '@/components/data/me'
import { useSandbox } from '@/components/setup/sandbox'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { EmptyState } from '@/components/ui/states'
import { isConsoleOrigin } from './own-origin'

/** The gateway lets pages of one address call it: opened elsewhere, every call would fail for no reason to be seen. */
export function OtherOrigin({ adminUrl }: { adminUrl: string }) {
  const origin = useSyncExternalStore(
    () => () => {},
    () => location.origin,
    () => adminUrl,
  )
  if (isConsoleOrigin(origin, adminUrl)) return null
  const there = `${new URL(adminUrl).origin}/playground`
  return (
    <Callout tone="warn" title="Calls from this address do not reach the gateway" className="mb-4">
      <p>
        It answers pages of{' '}
        <a href={there} className="underline">
          {there}
        </a>{' '}
        alone: open the Playground there, or set GATEHOUSE_ADMIN_URL to {origin}.
      </p>
    </Callout>
  )
}

export function NoRoutes() {
  const can = useCan()
  const sandbox = useSandbox()
  const mayCreate = can('routes.create') && can('providers.create')
  return (
    <EmptyState
      icon={<SquareTerminal aria-hidden />}
      title="No route to try yet"
      action={
        mayCreate ? (
          <>
            <Button asChild variant="primary">
              <Link href="/routes/new">
                <Plus aria-hidden />
                Create route
              </Link>
            </Button>
            <Button loading={sandbox.isPending} onClick={() => sandbox.mutate()}>
              Try with the sandbox
            </Button>
          </>
        ) : undefined
      }
    >
      Here you send a prompt to any route and see the answer, who gave it, how fast, and what it cost.{' '}
      {mayCreate
        ? 'A route says which models may answer; the sandbox is a simulated vendor that needs no account.'
        : 'Ask an owner or admin of this deployment for a route.'}
    </EmptyState>
  )
}
