'use client'

import { useQuery } from '@tanstack/react-query'
import { Check, FlaskConical } from 'lucide-react'
import Link from 'next/link'
import { type ReactNode, useState } from 'react'
import { CallReceipt } from '@/components/calls/call-receipt'
import { ApiProblem, apiGet } from '@/components/data/api'
import type { Page } from '@/components/data/collection'
import { useLive } from '@/components/data/live'
import { useCan, useMe } from '@/components/data/me'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { cn } from '@/components/ui/cn'
import { CodeTabs } from '@/components/ui/code-block'
import { SkeletonLines } from '@/components/ui/skeleton'
import { ErrorState, NoPermissionState } from '@/components/ui/states'
import type { Call, Receipt } from '@/lib/resources/calls/schema'
import type { Setup } from '@/lib/resources/me/schema'
import { KeyStep } from './key-step'
import { useSandbox } from './sandbox'
import { isFinished, useSetup } from './setup-data'
import { SNIPPET_LANGUAGES, snippet } from './snippets'

/** Provider, route, key, first call: each ticks itself when it is there, whoever made it and wherever. */
export function SetupChecklist() {
  const result = useSetup()
  const problem = result.error instanceof ApiProblem ? result.error : null
  if (problem?.status === 403) return <NoPermissionState what="the first-run checklist" />
  if (result.isError && !result.data) {
    return (
      <div className="rounded-card border bg-surface">
        <ErrorState
          detail={problem?.detail ?? 'Something went wrong in the browser.'}
          requestId={problem?.requestId}
          onRetry={() => void result.refetch()}
        />
      </div>
    )
  }
  if (!result.data) {
    return (
      <div className="rounded-card border bg-surface p-6">
        <SkeletonLines lines={4} label="Loading the checklist" />
      </div>
    )
  }
  return <Steps setup={result.data} />
}

function Steps({ setup }: { setup: Setup }) {
  const me = useMe()
  const can = useCan()
  const sandbox = useSandbox()
  const done = [setup.provider, setup.route, setup.key, setup.call]
  const current = done.indexOf(false)
  const routeName = setup.routeName ?? 'my-route'
  const samples = SNIPPET_LANGUAGES.map((language) => ({
    title: language,
    code: snippet(language, { gatewayUrl: me.deployment.gatewayUrl, routeName }),
  }))
  const canSandbox = can('providers.create') && can('routes.create')
  return (
    <div className="flex flex-col gap-4">
      <p role="status" className="text-sm text-muted">
        {isFinished(setup)
          ? 'All done: calls go through the gate.'
          : `${done.filter(Boolean).length} of 4 done`}
      </p>
      <ol className="overflow-hidden rounded-card border bg-surface">
        <Step number={1} title="Add a provider" done={setup.provider} current={current === 0}>
          <p>An upstream account or endpoint: OpenAI, or anything that speaks its language.</p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button asChild variant="primary">
              <Link href="/providers/new">Add a provider</Link>
            </Button>
            {canSandbox ? (
              <Button loading={sandbox.isPending} onClick={() => sandbox.mutate()}>
                <FlaskConical aria-hidden />
                Use the sandbox
              </Button>
            ) : null}
          </div>
          {canSandbox ? (
            <p className="mt-2 text-xs">
              The sandbox is a simulated vendor inside the gateway. It makes the provider and a route, needs
              no account and no internet, and its calls are labelled <Badge tone="accent">simulated</Badge>.
            </p>
          ) : null}
        </Step>
        <Step number={2} title="Publish a route" done={setup.route} current={current === 1}>
          <p>The model name that your applications ask for, and who may answer.</p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button asChild variant="primary">
              <Link href="/routes/new">Create a route</Link>
            </Button>
            {canSandbox ? (
              <Button loading={sandbox.isPending} onClick={() => sandbox.mutate()}>
                <FlaskConical aria-hidden />
                Route to the sandbox
              </Button>
            ) : null}
          </div>
        </Step>
        <Step number={3} title="Make a team, a consumer and its key" done={setup.key} current={current === 2}>
          <KeyStep />
        </Step>
        <Step number={4} title="Send the first call" done={setup.call} current={current === 3} last>
          <p>
            Any OpenAI SDK works: change the base URL and the key alone.{' '}
            {setup.call ? null : 'This page ticks itself when the call lands.'}
          </p>
          <CodeTabs className="mt-3 max-w-3xl" label="Language" samples={samples} />
          {setup.call ? null : <Waiting />}
        </Step>
      </ol>
      <FirstReceipt landed={setup.call} />
    </div>
  )
}

function Step({
  number,
  title,
  done,
  current,
  last = false,
  children,
}: {
  number: number
  title: string
  done: boolean
  current: boolean
  last?: boolean
  children: ReactNode
}) {
  const [open, setOpen] = useState(false)
  const shown = current || open
  return (
    <li
      className={cn('flex gap-3 px-4 py-4 sm:px-5', !last && 'border-b')}
      aria-current={current ? 'step' : undefined}
    >
      <span
        className={cn(
          'grid size-6 shrink-0 place-items-center rounded-full border text-xs font-medium',
          done && 'border-transparent bg-ok-soft text-ok',
          current && 'border-accent text-accent',
        )}
        aria-hidden
      >
        {done ? <Check className="size-3.5" strokeWidth={2.5} /> : number}
      </span>
      <div className="min-w-0 flex-1">
        <h2 className="text-base leading-6 font-semibold">
          <button
            type="button"
            className="rounded-control text-left disabled:cursor-default"
            aria-expanded={shown}
            disabled={current}
            onClick={() => setOpen(!open)}
          >
            {title}
            <span className="sr-only">{done ? ', done' : ', to do'}</span>
          </button>
        </h2>
        {shown ? <div className="mt-1 text-muted">{children}</div> : null}
      </div>
    </li>
  )
}

function Waiting() {
  return (
    <p role="status" className="mt-3 flex items-center gap-2 text-sm">
      <span className="size-2 rounded-full bg-accent motion-safe:animate-pulse-soft" aria-hidden />
      Waiting for the first call
    </p>
  )
}

/** The newest call of all, as its receipt: proof that the way is open, and what a call costs. */
function FirstReceipt({ landed }: { landed: boolean }) {
  const [newest, setNewest] = useState<Call | null>(null)
  useLive('call', (call) => setNewest(call))
  const latest = useQuery({
    queryKey: ['resource', '/calls', 'first'],
    queryFn: ({ signal }) => apiGet<Page<Call>>('/calls', { limit: 1 }, signal),
    enabled: landed,
  })
  const id = newest?.id ?? latest.data?.data[0]?.id ?? null
  const receipt = useQuery({
    queryKey: ['resource', '/calls', 'one', id],
    queryFn: ({ signal }) => apiGet<Receipt>(`/calls/${id}`, undefined, signal),
    enabled: id !== null,
  })
  if (!receipt.data) return null
  return (
    <section aria-labelledby="first-receipt" className="rounded-card border bg-surface p-5 animate-appear">
      <h2 id="first-receipt" className="mb-3 text-lg font-semibold">
        {newest ? 'Your call has landed' : 'The newest call'}
      </h2>
      <div className="max-w-3xl">
        <CallReceipt receipt={receipt.data} />
      </div>
    </section>
  )
}
