'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { useEffect, useRef } from 'react'
import { apiGet } from '@/components/data/api'
import { useLive, useLiveState } from '@/components/data/live'
import { noteConfigStatus } from '@/components/data/save'
import type { Tone } from '@/components/ui/badge'
import { cn } from '@/components/ui/cn'
import { formatRelative } from '@/lib/format/time'
import type { ConfigStatus } from '@/lib/resources/gateways/schema'

const KEY = ['config', 'status']

/** "revision 42 · live on 1/1": what is published, and who serves it. It leads to the revisions. */
export function ConfigPill() {
  const client = useQueryClient()
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => apiGet<ConfigStatus>('/config/status', undefined, signal),
    staleTime: 60_000,
  })
  useLive('config', (status) => {
    client.setQueryData(KEY, status)
    noteConfigStatus(status)
  })
  // What was published between the first reading and the opening of the stream, no event tells.
  const live = useLiveState() === 'live'
  useEffect(() => {
    if (live) void client.invalidateQueries({ queryKey: KEY })
  }, [client, live])
  // After a gap in the stream (a hidden tab, a restart) lists are read again.
  useLive('reset', () => void client.invalidateQueries({ queryKey: ['resource'] }))
  const shown = useRef<number | null>(null)
  useEffect(() => {
    if (!data || data.revision === shown.current) return
    // Somebody changed something: what the lists show may be older, as may lists read in the same moment.
    if (shown.current !== null || isFresh(data)) void client.invalidateQueries({ queryKey: ['resource'] })
    shown.current = data.revision
  }, [client, data])
  if (!data) return null
  const { tone, text } = pillText(data)
  return (
    <Link
      href="/revisions"
      title={data.publishedAt ? `Published ${formatRelative(data.publishedAt, Date.now())}` : undefined}
      className={cn(
        'flex h-7 min-w-0 shrink-0 items-center max-sm:max-w-44 gap-1.5 rounded-full border bg-surface px-2.5 text-xs hover:bg-hover',
        tone === 'danger' && 'border-danger bg-danger-soft',
        tone === 'warn' && 'border-warn bg-warn-soft',
      )}
    >
      <span
        aria-hidden
        className={cn(
          'size-2 shrink-0 rounded-full',
          {
            ok: 'bg-ok',
            warn: 'bg-warn',
            danger: 'bg-danger',
            neutral: 'bg-border-strong',
            accent: 'bg-accent',
          }[tone],
        )}
      />
      <span className="truncate">
        <span className="max-sm:sr-only">revision </span>
        <span aria-hidden className="sm:hidden">
          r
        </span>
        {data.revision} · {text}
      </span>
    </Link>
  )
}

const FRESH_MS = 5_000

function isFresh({ publishedAt }: ConfigStatus): boolean {
  return publishedAt !== null && Math.abs(Date.now() - Date.parse(publishedAt)) < FRESH_MS
}

function pillText(status: ConfigStatus): { tone: Tone; text: string } {
  const share = `${status.applied}/${status.gateways}`
  if (status.refused.length > 0) {
    return {
      tone: 'danger',
      text: `refused by ${status.refused.map((gateway) => gateway.hostname).join(', ')}`,
    }
  }
  if (status.gateways === 0) return { tone: 'neutral', text: 'no gateway' }
  if (status.applied < status.gateways) return { tone: 'warn', text: `live on ${share}` }
  return { tone: 'ok', text: `live on ${share}` }
}
