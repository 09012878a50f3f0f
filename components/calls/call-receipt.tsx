'use client'

import Link from 'next/link'
import { entityHref } from '@/components/overview/entity-href'
import { Badge } from '@/components/ui/badge'
import { Callout } from '@/components/ui/callout'
import { KeyValues } from '@/components/ui/key-values'
import { ExactTime, Time } from '@/components/ui/time'
import { formatDuration, formatLatency } from '@/lib/format/duration'
import { formatCount } from '@/lib/format/tokens'
import type { Receipt } from '@/lib/resources/calls/schema'
import { shortUsd, tokenKinds } from './arithmetic'
import { CallBadges, CallStatus, codeMeaning } from './call-words'
import { ReceiptAttempts } from './receipt-attempts'
import { ReceiptCost } from './receipt-cost'
import { Copyable, Mono, Named, Part } from './receipt-parts'

/** One call with all that the books know of it, and the sums that a person can follow. */
export function CallReceipt({ receipt }: { receipt: Receipt }) {
  const meaning = codeMeaning(receipt.code)
  return (
    <div className="flex flex-col gap-6">
      <Summary receipt={receipt} />
      {meaning ? (
        <Callout
          tone={receipt.status >= 500 ? 'danger' : 'warn'}
          title={<code className="font-mono">{receipt.code}</code>}
        >
          {meaning}{' '}
          <Link href={`/docs/errors#${receipt.code}`} className="underline">
            What to do
          </Link>
        </Callout>
      ) : null}
      <ReceiptCost receipt={receipt} />
      <Tokens receipt={receipt} />
      <Part title="Who and what">
        <KeyValues
          items={[
            { label: 'Team', value: <Named type="team" id={receipt.teamId} name={receipt.teamName} /> },
            {
              label: 'Consumer',
              value: <Named type="consumer" id={receipt.consumerId} name={receipt.consumerName} />,
            },
            { label: 'Key', value: <Named type="key" id={receipt.keyId} name={receipt.keyName} /> },
            { label: 'End user', value: receipt.endUser, hidden: receipt.endUser === null },
            {
              label: 'Asked for',
              value: (
                <>
                  <Mono>{receipt.requestedModel ?? '–'}</Mono>{' '}
                  {receipt.stream ? <Badge>streamed</Badge> : null}
                </>
              ),
            },
            {
              label: 'Route',
              value: <Named type="route" id={receipt.routeId} name={receipt.route} mono />,
            },
            {
              label: 'Answered by',
              value:
                receipt.providerId === null ? (
                  <span className="text-muted">nobody</span>
                ) : (
                  <>
                    <Named type="provider" id={receipt.providerId} name={receipt.providerName} />{' '}
                    <Mono>{receipt.servedModel ?? '–'}</Mono>
                  </>
                ),
            },
            {
              label: 'Tags',
              value: (
                <span className="flex flex-wrap gap-1">
                  {Object.entries(receipt.tags).map(([name, value]) => (
                    <Badge key={name}>
                      {name}={value}
                    </Badge>
                  ))}
                </span>
              ),
              hidden: Object.keys(receipt.tags).length === 0,
            },
            { label: 'Not carried', value: receipt.dropped.join(', '), hidden: receipt.dropped.length === 0 },
          ]}
        />
      </Part>
      <ReceiptAttempts receipt={receipt} />
      <Part title="Time">
        <KeyValues
          items={[
            { label: 'At', value: <ExactTime value={receipt.at} /> },
            { label: 'Whole call', value: formatLatency(receipt.latencyMs) },
            {
              label: 'First token',
              value: receipt.firstTokenMs === null ? '–' : formatLatency(receipt.firstTokenMs),
              hidden: receipt.firstTokenMs === null,
            },
            {
              label: 'In the gateway',
              value: receipt.overheadUs === null ? '–' : formatDuration(receipt.overheadUs / 1000),
              hidden: receipt.overheadUs === null,
            },
          ]}
        />
      </Part>
      <Part title="In the books">
        <KeyValues
          items={[
            { label: 'Request', value: <Copyable text={receipt.id} what="request id" /> },
            { label: 'Trace', value: <Copyable text={receipt.traceId} what="trace id" /> },
            {
              label: 'Revision',
              value: (
                <Link href={`/revisions/${receipt.revision}`} className="text-accent hover:underline">
                  {formatCount(receipt.revision)}
                </Link>
              ),
            },
            {
              label: 'Gateway',
              value: (
                <>
                  <Link
                    href={entityHref('gateway', receipt.gatewayId) ?? '/gateways'}
                    className="text-accent hover:underline"
                  >
                    <Mono>{receipt.gatewayId}</Mono>
                  </Link>
                  <span className="text-muted"> event {formatCount(receipt.sequence)}</span>
                </>
              ),
            },
          ]}
        />
      </Part>
    </div>
  )
}

function Summary({ receipt }: { receipt: Receipt }) {
  return (
    <div>
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <span className="text-xl font-semibold">
          {receipt.costUsd === null
            ? receipt.unpriced
              ? 'Unpriced'
              : 'Cost unknown'
            : shortUsd(receipt.costUsd)}
        </span>
        <CallStatus call={receipt} />
        <span className="text-muted">
          <Time value={receipt.at} />
        </span>
      </div>
      <div className="mt-1.5 flex flex-wrap gap-1.5">
        {/* The head says it already. */}
        <CallBadges call={{ ...receipt, unpriced: receipt.unpriced && receipt.costUsd !== null }} />
      </div>
      {receipt.simulated ? (
        <p className="mt-1.5 text-sm text-muted">
          The sandbox answered this call: nothing was charged, and it stands outside money totals.
        </p>
      ) : null}
    </div>
  )
}

function Tokens({ receipt }: { receipt: Receipt }) {
  const kinds = tokenKinds(receipt.usage)
  if (kinds.length === 0) return null
  const total = receipt.usage.inputTokens + receipt.usage.outputTokens
  return (
    <Part
      title="Tokens"
      aside={receipt.usageSource === 'provider' ? 'counted by the provider' : 'estimated by the gateway'}
    >
      <div className="mb-2 flex h-2 gap-px overflow-hidden rounded-full" aria-hidden>
        {kinds.map((kind, index) => (
          <span
            key={kind.label}
            style={{ width: `${(kind.tokens / total) * 100}%`, background: kindColour(kind.part, index) }}
          />
        ))}
      </div>
      <ul className="grid grid-cols-2 gap-x-6 gap-y-1 text-sm sm:grid-cols-3">
        {kinds.map((kind, index) => (
          <li key={kind.label} className="flex items-center gap-1.5">
            <span
              className="size-2 rounded-[2px]"
              style={{ background: kindColour(kind.part, index) }}
              aria-hidden
            />
            <span className="text-muted">{kind.label}</span>
            <span className="ml-auto">{formatCount(kind.tokens)}</span>
          </li>
        ))}
      </ul>
      <p className="mt-1.5 text-xs text-muted">
        {formatCount(receipt.usage.inputTokens)} in, {formatCount(receipt.usage.outputTokens)} out
      </p>
    </Part>
  )
}

/** Input in cool colours, output in warm ones, as on the overview. */
function kindColour(part: 'input' | 'output', index: number): string {
  if (part === 'output') return index % 2 ? 'var(--chart-3)' : 'var(--chart-7)'
  return index === 0 ? 'var(--chart-2)' : 'var(--chart-6)'
}
