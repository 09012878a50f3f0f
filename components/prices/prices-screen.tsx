'use client'

import { Pencil, Plus, Receipt, Trash2 } from 'lucide-react'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useState } from 'react'
import { useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { kindLabel } from '@/components/providers/provider-kinds'
import { DataTable } from '@/components/resource/data-table'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { RowMenu } from '@/components/resource/row-menu'
import type { Column } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { DropdownMenuItem } from '@/components/ui/dropdown-menu'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { TabPanel, Tabs } from '@/components/ui/tabs'
import { Time } from '@/components/ui/time'
import { formatTokens } from '@/lib/format/tokens'
import type { CataloguePrice, Price } from '@/lib/resources/prices/schema'
import { PriceDialog, valuesOf } from './price-form'

type Rated = Pick<
  Price,
  | 'inputUsdPerMillion'
  | 'outputUsdPerMillion'
  | 'cacheReadUsdPerMillion'
  | 'cacheWrite5mUsdPerMillion'
  | 'contextTokens'
  | 'tiers'
>

/** Prices are shown as they stand: a rounded price would be another one. */
const rateColumns = <T extends Rated>(): Column<T>[] => [
  { id: 'input', header: 'Input, $/M', align: 'right', cell: (price) => price.inputUsdPerMillion },
  { id: 'output', header: 'Output, $/M', align: 'right', cell: (price) => price.outputUsdPerMillion },
  {
    id: 'cacheRead',
    header: 'Cache read, $/M',
    align: 'right',
    from: 'md',
    cell: (price) => price.cacheReadUsdPerMillion ?? '–',
  },
  {
    id: 'cacheWrite',
    header: 'Cache write, $/M',
    align: 'right',
    from: 'lg',
    cell: (price) => price.cacheWrite5mUsdPerMillion ?? '–',
  },
  {
    id: 'context',
    header: 'Context, tokens',
    align: 'right',
    from: 'lg',
    cell: (price) => (price.contextTokens ? formatTokens(price.contextTokens) : '–'),
  },
  {
    id: 'tiers',
    header: 'Tiers',
    align: 'right',
    from: 'xl',
    cell: (price) => (price.tiers.length === 0 ? '–' : price.tiers.length),
  },
]
const OWN: readonly Column<Price>[] = [
  {
    id: 'model',
    header: 'Model',
    sort: 'model',
    cell: (price) => <span className="font-mono">{price.model}</span>,
  },
  {
    id: 'scope',
    header: 'For',
    from: 'sm',
    cell: (price) =>
      price.providerName ?? (price.providerKind ? `All ${kindLabel(price.providerKind)}` : 'Every provider'),
  },
  ...rateColumns<Price>(),
  {
    id: 'from',
    header: 'From',
    from: 'md',
    cell: (price) => <Time value={price.effectiveFrom} empty="always" />,
  },
]
const CATALOGUE: readonly Column<CataloguePrice>[] = [
  { id: 'model', header: 'Model', cell: (price) => <span className="font-mono">{price.model}</span> },
  { id: 'vendor', header: 'Vendor', from: 'sm', cell: (price) => price.vendor },
  ...rateColumns<CataloguePrice>(),
  {
    id: 'version',
    header: 'Version',
    hidden: true,
    cell: (price) => <span className="font-mono text-xs text-muted">{price.version}</span>,
  },
]
const TABS = ['own', 'catalogue'] as const

type Editing = { template?: ReturnType<typeof valuesOf>; id?: string }

export function PricesScreen() {
  const can = useCan()
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('own'))
  const [editing, setEditing] = useState<Editing | null>(null)
  const [deleting, setDeleting] = useState<Price | null>(null)
  const mayWrite = can('prices.create')
  const create = mayWrite ? (
    <Button variant="primary" onClick={() => setEditing({})}>
      <Plus aria-hidden />
      Set a price
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Prices"
        description="USD per million tokens. A price of your own goes before the catalogue, which comes with Gatehouse."
        actions={create}
      />
      <Tabs
        label="Prices"
        value={tab}
        onChange={(next) => void setTab(next as (typeof TABS)[number])}
        tabs={[
          { value: 'own', label: 'Your prices' },
          ...(can('priceCatalogue.list') ? [{ value: 'catalogue', label: 'Catalogue' }] : []),
        ]}
      >
        <TabPanel value="own">
          <DataTable
            noun="prices"
            path="/prices"
            columns={OWN}
            defaultSort="model"
            rowLabel={(price) => price.model}
            {...(mayWrite ? { onRowOpen: (price: Price) => setEditing({ id: price.id }) } : {})}
            rowActions={(price) =>
              mayWrite ? (
                <RowMenu name={price.model}>
                  <DropdownMenuItem onSelect={() => setEditing({ id: price.id })}>
                    <Pencil aria-hidden />
                    Edit
                  </DropdownMenuItem>
                  <DropdownMenuItem danger onSelect={() => setDeleting(price)}>
                    <Trash2 aria-hidden />
                    Delete
                  </DropdownMenuItem>
                </RowMenu>
              ) : null
            }
            empty={
              <EmptyState
                icon={<Receipt aria-hidden />}
                title="No prices of your own"
                action={create}
                command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/prices" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "llama-3.3-70b", "inputUsdPerMillion": "0.40", "outputUsdPerMillion": "0.40"}'`}
              >
                The catalogue prices what the large vendors list. Set your own for a discount that you
                negotiated, or for what your own hardware costs.
              </EmptyState>
            }
          />
        </TabPanel>
        <TabPanel value="catalogue">
          <DataTable
            noun="catalogue prices"
            path="/price-catalogue"
            columns={CATALOGUE}
            urlPrefix="c-"
            search="Search models"
            rowLabel={(price) => price.model}
            rowActions={(price) =>
              mayWrite ? (
                <RowMenu name={price.model}>
                  <DropdownMenuItem onSelect={() => setEditing({ template: valuesOf(price) })}>
                    <Pencil aria-hidden />
                    Set your own price
                  </DropdownMenuItem>
                </RowMenu>
              ) : null
            }
            empty={<EmptyState icon={<Receipt aria-hidden />} title="The catalogue is empty" />}
          />
        </TabPanel>
      </Tabs>
      <Editor editing={editing} onClose={() => setEditing(null)} />
      <DeleteDialog
        open={deleting !== null}
        onOpenChange={() => setDeleting(null)}
        noun="price"
        name={deleting?.model ?? ''}
        path={`/prices/${deleting?.id}`}
      >
        <p>
          Calls from now on take the catalogue's price, or are unpriced where it has none. What is booked
          stays as it was priced.
        </p>
      </DeleteDialog>
    </>
  )
}

function Editor({ editing, onClose }: { editing: Editing | null; onClose: () => void }) {
  const query = useResource<Price>('/prices', editing?.id ?? null)
  if (!editing) return null
  if (!editing.id) return <PriceDialog open onClose={onClose} template={editing.template ?? null} />
  if (!query.data) return null
  return <PriceDialog open onClose={onClose} price={{ value: query.data.data, etag: query.data.etag }} />
}
