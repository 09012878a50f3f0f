'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Activity, ArrowUp, Pause, Play } from 'lucide-react'
import Link from 'next/link'
import { parseAsString, useQueryState } from 'nuqs'
import { useEffect, useMemo } from 'react'
import { RangePicker } from '@/components/charts/range-picker'
import { resolveRange } from '@/components/charts/time-range'
import { useRange } from '@/components/charts/use-range'
import type { Page } from '@/components/data/collection'
import { useLiveState } from '@/components/data/live'
import { useMe } from '@/components/data/me'
import { DataTable } from '@/components/resource/data-table'
import type { Column, TableFilter } from '@/components/resource/table-column'
import { isFinished, useSetup } from '@/components/setup/setup-data'
import { snippet } from '@/components/setup/snippets'
import { Badge, Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState, FilteredEmptyState } from '@/components/ui/states'
import { formatLatency } from '@/lib/format/duration'
import { formatExact } from '@/lib/format/time'
import { formatCount, formatPlural, formatTokens } from '@/lib/format/tokens'
import type { Call } from '@/lib/resources/calls/schema'
import { CallFilterButton, CallFilterChips, useCallFilters } from './call-filters'
import { CallPanel } from './call-panel'
import { CallBadges, CallCost, CallStatus } from './call-words'
import { neighbour } from './live-rows'
import { type Tail, useTail } from './use-tail'

const FILTERS: readonly TableFilter[] = [
  {
    id: 'outcome',
    label: 'Outcome',
    options: [
      { value: 'ok', label: 'Answered' },
      { value: 'error', label: 'Errors' },
      { value: 'refused', label: 'Refused' },
    ],
  },
  {
    id: 'degraded',
    label: 'Fallback',
    options: [{ value: 'true', label: 'By a fallback' }],
  },
  {
    id: 'simulated',
    label: 'Simulated',
    options: [
      { value: 'exclude', label: 'Without simulated' },
      { value: 'only', label: 'Simulated only' },
    ],
  },
]

/** The log of calls, the newest first; new ones come in at the top by themselves. */
export function CallsScreen() {
  const range = useRange('24h')
  const { choice, timeZone } = range
  const filters = useCallFilters()
  const [openId, setOpenId] = useQueryState('call', parseAsString.withOptions({ history: 'push' }))
  const resolved = useMemo(() => resolveRange(choice, timeZone, Date.now()), [choice, timeZone])
  const tail = useTail(resolved.live)
  const columns = useMemo(() => callColumns(timeZone), [timeZone])
  const query = useMemo(
    () => ({ ...filters.values, from: resolved.from, to: resolved.live ? null : resolved.to }),
    [filters.values, resolved],
  )
  const step = useStep(openId, (id) => void setOpenId(id))
  useKeys(openId !== null, step, tail, resolved.live)
  return (
    <>
      <PageHead
        title="Calls"
        description="Every call that reached the gate, refused ones too. Open one for its receipt."
        actions={resolved.live ? <TailControl tail={tail} /> : null}
      />
      <div className="mb-3">
        <RangePicker range={range} />
      </div>
      <CallFilterChips filters={filters} />
      {tail.waiting > 0 ? <NewPill tail={tail} /> : null}
      <DataTable<Call>
        noun="calls"
        path="/calls"
        columns={columns}
        filters={FILTERS}
        query={query}
        search="Search calls"
        rowLabel={(call) => `call ${call.id}`}
        onRowOpen={(call) => void setOpenId(call.id)}
        openId={openId}
        toolbar={<CallFilterButton filters={filters} />}
        empty={
          filters.active.length > 0 ? (
            <FilteredEmptyState onClear={filters.clear} />
          ) : (
            <NoCalls range={range} />
          )
        }
      />
      <CallPanel id={openId} onClose={() => void setOpenId(null)} onStep={step} />
    </>
  )
}

function callColumns(timeZone: string): readonly Column<Call>[] {
  return [
    {
      id: 'at',
      header: 'Time',
      cell: (call) => (
        <time dateTime={call.at} title={formatExact(call.at, timeZone)}>
          {shortTime(call.at, timeZone)}
        </time>
      ),
    },
    { id: 'status', header: 'Status', cell: (call) => <CallStatus call={call} /> },
    {
      id: 'route',
      header: 'Route',
      grow: 4,
      cell: (call) => <span className="font-mono text-xs">{call.route ?? call.requestedModel ?? '–'}</span>,
    },
    {
      id: 'consumer',
      header: 'Consumer',
      from: 'md',
      grow: 4,
      cell: (call) =>
        call.consumerName === null ? <span className="text-muted">not known</span> : call.consumerName,
    },
    { id: 'team', header: 'Team', hidden: true, from: 'md', grow: 3, cell: (call) => call.teamName ?? '–' },
    { id: 'key', header: 'Key', hidden: true, from: 'md', grow: 3, cell: (call) => call.keyName ?? '–' },
    {
      id: 'provider',
      header: 'Provider',
      hidden: true,
      grow: 3,
      from: 'md',
      cell: (call) => call.providerName ?? '–',
    },
    {
      id: 'model',
      header: 'Model',
      from: 'xl',
      grow: 4,
      cell: (call) => <span className="font-mono text-xs">{call.servedModel ?? '–'}</span>,
    },
    {
      id: 'flags',
      header: 'Notes',
      from: 'lg',
      cell: (call) => (
        <span className="flex gap-1">
          <CallBadges call={call} />
          {call.attemptCount > 1 ? <Badge>{call.attemptCount} tries</Badge> : null}
        </span>
      ),
    },
    {
      id: 'tokens',
      header: 'Tokens in / out',
      align: 'right',
      from: 'xl',
      cell: (call) => <Tokens usage={call.usage} />,
    },
    {
      id: 'firstToken',
      header: 'First token',
      align: 'right',
      from: 'xl',
      cell: (call) => (call.firstTokenMs === null ? <Nothing /> : formatLatency(call.firstTokenMs)),
    },
    {
      id: 'latency',
      header: 'Duration',
      align: 'right',
      from: 'md',
      cell: (call) => formatLatency(call.latencyMs),
    },
    {
      id: 'cost',
      header: 'Cost, USD',
      align: 'right',
      cell: (call) => <CallCost call={call} />,
    },
  ]
}

function Tokens({ usage }: { usage: Call['usage'] }) {
  if (usage.inputTokens + usage.outputTokens === 0) return <Nothing />
  return (
    <span title={`${formatCount(usage.inputTokens)} in, ${formatCount(usage.outputTokens)} out`}>
      {formatTokens(usage.inputTokens)} <span className="text-muted">/</span>{' '}
      {formatTokens(usage.outputTokens)}
    </span>
  )
}

function Nothing() {
  return <span className="text-muted">–</span>
}

/** The clock for today, day and clock before. */
function shortTime(at: string, timeZone: string): string {
  const exact = formatExact(at, timeZone)
  const today = formatExact(Date.now(), timeZone).slice(0, 10)
  return exact.startsWith(today) ? exact.slice(11, 19) : exact.slice(5, 19)
}

function TailControl({ tail }: { tail: Tail }) {
  const live = useLiveState()
  return (
    <div className="flex items-center gap-3">
      <span className="text-xs text-muted" role="status">
        <Status tone={tail.paused ? 'warn' : live === 'live' ? 'ok' : 'neutral'}>
          {tail.paused ? 'Paused' : live === 'live' ? 'Live' : 'Connecting'}
        </Status>
      </span>
      <Button onClick={tail.toggle} title="Space">
        {tail.paused ? <Play aria-hidden /> : <Pause aria-hidden />}
        {tail.paused ? 'Resume' : 'Pause'}
      </Button>
    </div>
  )
}

function NewPill({ tail }: { tail: Tail }) {
  return (
    <div className="pointer-events-none sticky top-14 z-20 -mt-11 mb-3 flex h-8 justify-end">
      <Button
        variant="primary"
        size="sm"
        className="pointer-events-auto rounded-full shadow-float"
        onClick={tail.showWaiting}
      >
        <ArrowUp aria-hidden />
        {formatPlural(tail.waiting, 'new call')}
      </Button>
    </div>
  )
}

function NoCalls({ range }: { range: ReturnType<typeof useRange> }) {
  const me = useMe()
  const setup = useSetup()
  // Which of the two is true is not known yet, and one that turns into the other would be a lie for a moment.
  if (setup.isPending) return null
  const begun = setup.data === undefined || isFinished(setup.data)
  const wider = range.choice.range !== '30d'
  return (
    <EmptyState
      icon={<Activity aria-hidden />}
      title={begun ? 'No calls in this range' : 'No calls yet'}
      action={
        !begun ? (
          <Button asChild variant="primary">
            <Link href="/setup">Go on with the first steps</Link>
          </Button>
        ) : wider ? (
          <Button onClick={() => range.set({ range: '30d', from: null, to: null })}>
            Look at the last 30 days
          </Button>
        ) : undefined
      }
      command={snippet('curl', {
        gatewayUrl: me.deployment.gatewayUrl,
        routeName: setup.data?.routeName ?? 'my-route',
      })}
      commandTitle="A call"
    >
      Each call that an application sends through the gateway appears here with its tokens, its cost and who
      sent it, within two seconds of its end.
    </EmptyState>
  )
}

/** J and K move through the rows on hand. */
function useStep(openId: string | null, open: (id: string) => void): (step: 1 | -1) => void {
  const client = useQueryClient()
  return (step) => {
    const [query] = client
      .getQueryCache()
      .findAll({ queryKey: ['resource', '/calls', 'list'], type: 'active' })
    const data = query?.state.data as { pages: Page<Call>[] } | undefined
    const next = neighbour(data?.pages.flatMap((page) => page.data) ?? [], openId, step)
    if (next) open(next)
  }
}

function useKeys(panelOpen: boolean, step: (step: 1 | -1) => void, tail: Tail, live: boolean): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || !(event.target instanceof HTMLElement)) return
      if (event.target.closest('input,select,textarea,[contenteditable],[role=combobox],[role=menu]')) return
      const key = event.key.toLowerCase()
      if (key === 'j' || key === 'k') {
        event.preventDefault()
        step(key === 'j' ? 1 : -1)
      } else if (
        key === ' ' &&
        live &&
        !panelOpen &&
        !event.target.closest('button,a,[role=button],[tabindex]')
      ) {
        event.preventDefault()
        tail.toggle()
      }
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  })
}
