'use client'

import { CircleCheck, History, Plus } from 'lucide-react'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { formatCount, formatTokens } from '@/lib/format/tokens'
import type { UnpricedModel } from '@/lib/resources/prices/schema'

const COLUMNS: readonly Column<UnpricedModel>[] = [
  {
    id: 'model',
    header: 'Model',
    grow: 3,
    cell: ({ model }) => <span className="font-mono">{model || 'not told'}</span>,
  },
  {
    id: 'provider',
    header: 'Provider',
    grow: 2,
    from: 'sm',
    cell: ({ providerName, providerId }) => providerName ?? (providerId || 'not known'),
  },
  { id: 'calls', header: 'Calls', align: 'right', cell: ({ calls }) => formatCount(calls) },
  {
    id: 'input',
    header: 'Input, tokens',
    align: 'right',
    from: 'md',
    cell: ({ inputTokens }) => formatTokens(inputTokens),
  },
  {
    id: 'output',
    header: 'Output, tokens',
    align: 'right',
    from: 'md',
    cell: ({ outputTokens }) => formatTokens(outputTokens),
  },
  { id: 'since', header: 'Since', from: 'lg', cell: ({ firstAt }) => <Time value={firstAt} /> },
  { id: 'last', header: 'Last', from: 'xl', cell: ({ lastAt }) => <Time value={lastAt} /> },
  {
    id: 'state',
    header: 'From now on',
    from: 'lg',
    cell: ({ isPriced }) => (
      <Status tone={isPriced ? 'ok' : 'warn'}>{isPriced ? 'priced' : 'unpriced'}</Status>
    ),
  },
]

/** What was used without a price; a price for it can price the calls so far as well. */
export function UnpricedTable({
  mayWrite,
  onSetPrice,
  onReprice,
}: {
  mayWrite: boolean
  onSetPrice: (unpriced: UnpricedModel) => void
  onReprice: (priceId: string) => void
}) {
  return (
    <DataTable
      noun="unpriced models"
      path="/unpriced-models"
      columns={COLUMNS}
      urlPrefix="u-"
      search="Search models"
      limit={200}
      rowLabel={({ model }) => model}
      rowActions={(unpriced) => {
        const { priceId } = unpriced
        if (!mayWrite || unpriced.model === '') return null
        return priceId === null ? (
          <Button size="sm" onClick={() => onSetPrice(unpriced)}>
            <Plus aria-hidden />
            Set a price
          </Button>
        ) : (
          <Button size="sm" onClick={() => onReprice(priceId)}>
            <History aria-hidden />
            Price these calls
          </Button>
        )
      }}
      empty={
        <EmptyState icon={<CircleCheck aria-hidden />} title="Every model that was used has a price">
          A call without one has no cost: it stands here, and in no sum of money, until you set a price and
          price it again.
        </EmptyState>
      }
    />
  )
}
