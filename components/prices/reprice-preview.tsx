import type { ReactNode } from 'react'
import { entityHref } from '@/components/overview/entity-href'
import { Callout } from '@/components/ui/callout'
import { ExactTime } from '@/components/ui/time'
import { formatUsdExact, formatUsdPrecise } from '@/lib/format/money'
import { formatCount, formatPlural } from '@/lib/format/tokens'
import type { RepriceContribution, RepricePreview } from '@/lib/resources/repricings/schema'
import { signedUsd } from './reprice-words'

/** What would change, by how much, and whom it touches. */
export function PreviewDetails({ preview }: { preview: RepricePreview }) {
  const { calls, simulatedCalls } = preview
  if (calls === 0 && simulatedCalls === 0) {
    return (
      <Callout title="Nothing to correct">
        Every call that this price applies to is priced by it already.
        {preview.skippedCalls > 0
          ? ` ${formatPlural(preview.skippedCalls, 'call')} cannot be priced by it.`
          : ''}
      </Callout>
    )
  }
  return (
    <>
      {preview.complete ? null : (
        <Callout tone="warn" title="These are not all">
          Counting took too long and stopped at <ExactTime value={preview.countedTo} />. The sums are at least
          what becomes of the calls before.
        </Callout>
      )}
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4">
        <Figure label="Calls">{formatCount(calls)}</Figure>
        <Figure label="Cost in the books" title={formatUsdExact(preview.beforeUsd)}>
          {formatUsdPrecise(preview.beforeUsd)}
        </Figure>
        <Figure label="Cost then" title={formatUsdExact(preview.afterUsd)}>
          {formatUsdPrecise(preview.afterUsd)}
        </Figure>
        <Figure label="Difference" title={formatUsdExact(preview.differenceUsd)}>
          {signedUsd(preview.differenceUsd)}
        </Figure>
      </dl>
      <ul className="flex flex-col gap-1 text-sm text-muted">
        {preview.firstCallAt ? (
          <li>
            From <ExactTime value={preview.firstCallAt} /> to <ExactTime value={preview.lastCallAt} />
          </li>
        ) : null}
        <Note count={preview.newlyPricedCalls}>had no price until now</Note>
        <Note count={preview.newlyUnpricedCalls}>will have no price: none applies to them any more</Note>
        <Note count={preview.skippedCalls}>cannot be priced by it and stay as they are</Note>
        <Note count={simulatedCalls}>more of the sandbox, which are no money</Note>
      </ul>
      <div className="grid gap-4 sm:grid-cols-2">
        <Contributions title="Teams" type="team" rows={preview.byTeam} />
        <Contributions title="Routes" type="route" rows={preview.byRoute} />
        {preview.byModel.length > 1 ? (
          <Contributions title="Models" type="model" rows={preview.byModel} />
        ) : null}
        <Budgets budgets={preview.budgets} />
      </div>
    </>
  )
}

function Figure({ label, title, children }: { label: string; title?: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-muted">{label}</dt>
      <dd className="text-lg font-semibold" title={title}>
        {children}
      </dd>
    </div>
  )
}

function Note({ count, children }: { count: number; children: ReactNode }) {
  if (count === 0) return null
  return (
    <li>
      {formatPlural(count, 'call')} {children}
    </li>
  )
}

function Contributions({
  title,
  type,
  rows,
}: {
  title: string
  type: string
  rows: readonly RepriceContribution[]
}) {
  if (rows.length === 0) return null
  return (
    <Listed title={title}>
      {rows.map((row) => {
        const href = type === 'team' && row.id !== null ? entityHref(type, row.id) : null
        const name = row.name ?? row.id ?? 'not known'
        return (
          <Line key={row.id ?? ''} amount={row.differenceUsd} aside={formatPlural(row.calls, 'call')}>
            {href ? (
              <a href={href} className="text-accent hover:underline">
                {name}
              </a>
            ) : (
              <span className={type === 'team' ? '' : 'font-mono text-xs'}>{name}</span>
            )}
          </Line>
        )
      })}
    </Listed>
  )
}

function Budgets({ budgets }: { budgets: RepricePreview['budgets'] }) {
  if (budgets.length === 0) return null
  return (
    <Listed title="Budgets">
      {budgets.map((budget) => (
        <Line
          key={`${budget.id} ${budget.from}`}
          amount={budget.differenceUsd}
          aside={budget.closed ? `closed, from ${budget.from?.slice(0, 10)}` : 'counts anew'}
        >
          <a href={`/budgets/${budget.id}`} className="text-accent hover:underline">
            {budget.name}
          </a>
        </Line>
      ))}
    </Listed>
  )
}

function Listed({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0">
      <h3 className="mb-1 text-xs font-medium text-muted">{title}</h3>
      <ul className="flex flex-col">{children}</ul>
    </section>
  )
}

function Line({ amount, aside, children }: { amount: string; aside: string; children: ReactNode }) {
  return (
    <li className="flex items-baseline gap-2 border-t py-1 text-sm">
      <span className="min-w-0 truncate">{children}</span>
      <span className="shrink-0 text-xs text-muted">{aside}</span>
      <span className="ml-auto shrink-0" title={formatUsdExact(amount)}>
        {signedUsd(amount)}
      </span>
    </li>
  )
}
