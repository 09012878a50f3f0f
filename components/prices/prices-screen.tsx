'use client'

import { History, Pencil, Plus, Receipt, Trash2 } from 'lucide-react'
import { parseAsBoolean, parseAsString, parseAsStringLiteral, useQueryState } from 'nuqs'
import { useState } from 'react'
import { useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { kindLabel } from '@/components/providers/provider-kinds'
import { DataTable } from '@/components/resource/data-table'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { RowMenu } from '@/components/resource/row-menu'
import type { Column } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { DropdownMenuItem } from '@/components/ui/dropdown-menu'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { TabPanel, Tabs } from '@/components/ui/tabs'
import { Time } from '@/components/ui/time'
import { formatTokens } from '@/lib/format/tokens'
import type { CataloguePrice, Price } from '@/lib/resources/prices/schema'
import { PriceDialog, valuesOf } from './price-form'
import { type PriceValues, rateText } from './price-rates'
import { RepriceDialog } from './reprice-dialog'
import { serviceTiersText } from './service-tier-rows'
import { UnpricedTable } from './unpriced-table'

type Rated = Pick<
  Price,
  | 'inputUsdPerMillion'
  | 'outputUsdPerMillion'
  | 'cacheReadUsdPerMillion'
  | 'cacheWrite5mUsdPerMillion'
  | 'contextTokens'
  | 'tiers'
  | 'serviceTiers'
>

/** Prices are shown as they stand: a rounded price would be another one. */
const rateColumns = <T extends Rated>(): Column<T>[] => [
  { id: 'input', header: 'Input, $/M', align: 'right', cell: (price) => rateText(price.inputUsdPerMillion) },
  {
    id: 'output',
    header: 'Output, $/M',
    align: 'right',
    cell: (price) => rateText(price.outputUsdPerMillion),
  },
  {
    id: 'cacheRead',
    header: 'Cache read, $/M',
    align: 'right',
    from: 'lg',
    cell: (price) => rateText(price.cacheReadUsdPerMillion),
  },
  {
    id: 'cacheWrite',
    header: 'Cache write, $/M',
    align: 'right',
    from: 'xl',
    cell: (price) => rateText(price.cacheWrite5mUsdPerMillion),
  },
  {
    id: 'context',
    header: 'Context, tokens',
    align: 'right',
    from: 'xl',
    cell: (price) => (price.contextTokens ? formatTokens(price.contextTokens) : '–'),
  },
  {
    id: 'tiers',
    header: 'Tiers',
    align: 'right',
    from: 'xl',
    cell: (price) => (price.tiers.length === 0 ? '–' : price.tiers.length),
  },
  {
    id: 'serviceTiers',
    header: 'Service tiers',
    from: 'xl',
    cell: (price) => serviceTiersText(price.serviceTiers),
  },
]
const OWN: readonly Column<Price>[] = [
  {
    id: 'model',
    header: 'Model',
    sort: 'model',
    grow: 3,
    cell: (price) => <span className="font-mono">{price.model}</span>,
  },
  {
    id: 'scope',
    header: 'For',
    grow: 2,
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
  {
    id: 'model',
    header: 'Model',
    grow: 3,
    cell: (price) => <span className="font-mono">{price.model}</span>,
  },
  { id: 'vendor', header: 'Vendor', from: 'sm', cell: (price) => price.vendor },
  ...rateColumns<CataloguePrice>(),
  {
    id: 'version',
    header: 'Version',
    hidden: true,
    cell: (price) => <span className="font-mono text-xs text-muted">{price.version}</span>,
  },
]
const TABS = ['own', 'unpriced', 'catalogue'] as const

export function PricesScreen() {
  const can = useCan()
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('own'))
  const [openId, setOpenId] = useQueryState('price', parseAsString.withOptions({ history: 'push' }))
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  const [template, setTemplate] = useState<Partial<PriceValues> | null>(null)
  const [repricing, setRepricing] = useQueryState('reprice', parseAsString.withOptions({ history: 'push' }))
  const [repriceNext, setRepriceNext] = useState(false)
  const [deleting, setDeleting] = useState<Price | null>(null)
  const mayWrite = can('prices.create')
  const create = mayWrite ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
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
          ...(can('unpricedModels.list') ? [{ value: 'unpriced', label: 'Unpriced models' }] : []),
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
            {...(mayWrite ? { onRowOpen: (price: Price) => void setOpenId(price.id) } : {})}
            rowActions={(price) =>
              mayWrite ? (
                <RowMenu name={price.model}>
                  <DropdownMenuItem onSelect={() => void setOpenId(price.id)}>
                    <Pencil aria-hidden />
                    Edit
                  </DropdownMenuItem>
                  <DropdownMenuItem onSelect={() => void setRepricing(price.id)}>
                    <History aria-hidden />
                    Price past calls again
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
  -d '{"model": "llama-3.3-70b", 
       "inputUsdPerMillion": "0.40", "outputUsdPerMillion": "0.40"}'`}
              >
                The catalogue prices what the large vendors list. Set your own for a discount that you
                negotiated, or for what your own hardware costs.
              </EmptyState>
            }
          />
        </TabPanel>
        <TabPanel value="unpriced">
          <UnpricedTable
            mayWrite={mayWrite}
            onSetPrice={({ model, providerId }) => {
              setTemplate({ model, providerId })
              setRepriceNext(true)
              void setCreating(true)
            }}
            onReprice={(id) => void setRepricing(id)}
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
                  <DropdownMenuItem
                    onSelect={() => {
                      setTemplate(valuesOf(price))
                      void setCreating(true)
                    }}
                  >
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
      {creating && mayWrite ? (
        <PriceDialog
          open
          template={template}
          onClose={() => {
            setTemplate(null)
            setRepriceNext(false)
            void setCreating(null)
          }}
          onSaved={(price) => (repriceNext ? void setRepricing(price.id) : undefined)}
        />
      ) : null}
      {repricing !== null && mayWrite ? (
        <RepriceDialog id={repricing} onClose={() => void setRepricing(null)} />
      ) : null}
      {openId !== null && mayWrite ? <Editor id={openId} onClose={() => void setOpenId(null)} /> : null}
      <DeleteDialog
        open={deleting !== null}
        onOpenChange={() => setDeleting(null)}
        noun="price"
        name={deleting?.model ?? ''}
        path={`/prices/${deleting?.id}`}
      >
        <p>
          Calls from now on take the catalogue's price, or are unpriced where it has none. What is booked
          stays as it was priced: price past calls again first where that is wrong.
        </p>
      </DeleteDialog>
    </>
  )
}

function Editor({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useResource<Price>('/prices', id)
  if (query.data)
    return <PriceDialog open onClose={onClose} price={{ value: query.data.data, etag: query.data.etag }} />
  return (
    <Dialog open onOpenChange={onClose} title="Price" width="lg">
      {resourceState(query, 'price', '/prices')}
    </Dialog>
  )
}
