'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useState } from 'react'
import { apiSend, withQuery } from '@/components/data/api'
import { useResource } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { toastProblem, useSaved } from '@/components/data/save'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { useTimeZone } from '@/components/ui/time-zone'
import { formatUsdExact, formatUsdPrecise } from '@/lib/format/money'
import { fromLocalInput, toLocalInput } from '@/lib/format/time'
import { formatCount, formatPlural } from '@/lib/format/tokens'
import type { Price } from '@/lib/resources/prices/schema'
import type { RepricePreview, Repricing } from '@/lib/resources/repricings/schema'
import { PreviewDetails } from './reprice-preview'
import { signedUsd } from './reprice-words'

/** Shows what pricing past calls again would come to, does it on a second word, and says what came of it. */
export function RepriceDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const price = useResource<Price>('/prices', id)
  const [started, setStarted] = useState<{ id: string; firstCallAt: string | null } | null>(null)
  return (
    <Dialog
      open
      onOpenChange={onClose}
      width="lg"
      title={price.data ? `Price past calls of ${price.data.data.model} again` : 'Price past calls again'}
      description="Lines that correct the books are added. None is changed, and once more does nothing."
    >
      {!price.data ? (
        resourceState(price, 'price', '/prices')
      ) : started ? (
        <Progress started={started} onClose={onClose} />
      ) : (
        <Preview price={price.data.data} etag={price.data.etag} onStarted={setStarted} onClose={onClose} />
      )}
    </Dialog>
  )
}

function Preview({
  price,
  etag,
  onStarted,
  onClose,
}: {
  price: Price
  etag: string | null
  onStarted: (started: { id: string; firstCallAt: string | null }) => void
  onClose: () => void
}) {
  const saved = useSaved()
  const { timeZone } = useTimeZone()
  const [from, setFrom] = useState<string | null>(null)
  const [starting, setStarting] = useState(false)
  const path = `/prices/${price.id}/reprice`
  const preview = useQuery({
    queryKey: ['resource', path, etag, from],
    queryFn: async () => (await apiSend<RepricePreview>('POST', path, { from, dryRun: true })).data,
    // It counts for a while: not again because a window was looked at.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const shown = preview.data
  const start = async () => {
    if (!shown) return
    setStarting(true)
    try {
      const answer = await apiSend<Repricing>(
        'POST',
        path,
        { from, to: shown.to, dryRun: false },
        { ifMatch: etag },
      )
      onStarted({ id: answer.data.id, firstCallAt: shown.firstCallAt })
      saved(answer, `Pricing calls of ${price.model} again`)
    } catch (error) {
      toastProblem(error, 'The calls were not priced again')
      setStarting(false)
    }
  }
  const nothing = shown !== undefined && shown.calls === 0 && shown.simulatedCalls === 0
  const calls = shown ? shown.calls + shown.simulatedCalls : 0
  return (
    <div className="flex flex-col gap-4">
      <Field
        label="Calls from"
        optional
        hint={`Empty: all that this price reaches. ${timeZone}`}
        className="max-w-64"
      >
        <Input
          type="datetime-local"
          value={from ? toLocalInput(from, timeZone) : ''}
          onChange={(event) => setFrom(fromLocalInput(event.target.value, timeZone))}
        />
      </Field>
      <div aria-live="polite" className="flex flex-col gap-4">
        {shown ? (
          <PreviewDetails preview={shown} />
        ) : preview.isError ? (
          resourceState(preview, 'preview', '/prices')
        ) : (
          <p className="text-muted">Counting the calls that it applies to, or was applied to before.</p>
        )}
      </div>
      <footer className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{nothing ? 'Close' : 'Cancel'}</Button>
        {nothing ? null : (
          <Button variant="primary" disabled={!shown} loading={starting} onClick={() => void start()}>
            {shown?.complete ? `Price ${formatPlural(calls, 'call')} again` : 'Price calls again'}
          </Button>
        )}
      </footer>
    </div>
  )
}

function Progress({
  started,
  onClose,
}: {
  started: { id: string; firstCallAt: string | null }
  onClose: () => void
}) {
  const query = useResource<Repricing>('/repricings', started.id)
  useLiveQuery('usage', ['resource', '/repricings', 'one', started.id])
  const repricing = query.data?.data
  if (!repricing) return resourceState(query, 'repricing', '/prices')
  const href = withQuery('/calls', {
    repricedBy: repricing.id,
    range: 'custom',
    from: started.firstCallAt ?? repricing.createdAt,
    to: repricing.to,
  })
  const sum = `${formatPlural(repricing.calls, 'call')} corrected`
  return (
    <div className="flex flex-col gap-4">
      {repricing.status === 'stopped' ? (
        <Callout tone="warn" role="alert" title={`It stopped: ${sum}`}>
          {repricing.stopReason} What was corrected is whole. Begin again to go on with the rest.
        </Callout>
      ) : (
        <Callout
          tone={repricing.status === 'done' ? 'ok' : 'accent'}
          role="status"
          title={repricing.status === 'done' ? sum : `${sum} so far`}
        >
          <span title={formatUsdExact(repricing.differenceUsd)}>
            {formatUsdPrecise(repricing.beforeUsd)} became {formatUsdPrecise(repricing.afterUsd)},{' '}
            {signedUsd(repricing.differenceUsd)}.
          </span>{' '}
          {repricing.status === 'done'
            ? 'Budgets that they touch are counted anew.'
            : 'It goes on without this window.'}
          {repricing.skippedCalls > 0
            ? ` ${formatCount(repricing.skippedCalls)} could not be priced and stay as they were.`
            : ''}
        </Callout>
      )}
      <footer className="flex flex-wrap justify-end gap-2">
        {repricing.calls > 0 ? (
          <Button asChild>
            <Link href={href}>See the corrected calls</Link>
          </Button>
        ) : null}
        <Button variant="primary" onClick={onClose}>
          Close
        </Button>
      </footer>
    </div>
  )
}
