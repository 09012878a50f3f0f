'use client'

import { Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useState } from 'react'
import { useOptions, useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { NoPermissionState } from '@/components/ui/states'
import { TabPanel, Tabs } from '@/components/ui/tabs'
import { ExactTime } from '@/components/ui/time'
import type { Provider } from '@/lib/resources/providers/schema'
import type { Route } from '@/lib/resources/routes/schema'
import { HealthPanel } from './health-panel'
import { ProviderFacts } from './provider-facts'
import { CreateProviderForm, EditProviderForm } from './provider-form'
import { kindLabel } from './provider-kinds'
import { ProviderRoutes } from './provider-routes'
import { VendorRoom } from './vendor-room'

const TABS = ['health', 'configure'] as const
const TRAIL = [{ href: '/providers', label: 'Providers' }]

export function NewProviderPage() {
  const router = useRouter()
  const can = useCan()
  return (
    <>
      <PageHead
        title="Add provider"
        trail={TRAIL}
        description="Where calls go: an account at a vendor, a server of your own, or the sandbox."
      />
      {can('providers.create') ? (
        <div className="max-w-3xl">
          <CreateProviderForm
            onSaved={(provider) => router.push(`/providers/${provider.id}`)}
            onCancel={() => router.push('/providers')}
          />
        </div>
      ) : (
        <NoPermissionState can="add" what="providers" />
      )}
    </>
  )
}

export function ProviderPage({ id }: { id: string }) {
  const can = useCan()
  const router = useRouter()
  const query = useResource<Provider>('/providers', id)
  const [deleting, setDeleting] = useState(false)
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('health'))
  const routes = useOptions<Route>('/routes', { providerId: id }, can('routes.list'))
  const state = resourceState(query, 'provider', '/providers')
  if (state || !query.data) {
    return (
      <>
        <PageHead title="Provider" trail={TRAIL} />
        {state}
      </>
    )
  }
  const { data: provider, etag } = query.data
  return (
    <>
      <PageHead
        title={provider.name}
        description={kindLabel(provider.kind)}
        trail={TRAIL}
        actions={
          <>
            {can('routes.create') ? (
              <Button asChild>
                <Link href={`/routes/new?providerId=${provider.id}`}>Create a route to it</Link>
              </Button>
            ) : null}
            {can('providers.delete') ? (
              <Button variant="dangerGhost" onClick={() => setDeleting(true)}>
                <Trash2 aria-hidden />
                Delete provider
              </Button>
            ) : null}
          </>
        }
      />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        {can('providers.update') ? (
          <Tabs
            label="Provider"
            className="min-w-0"
            value={tab}
            onChange={(next) => void setTab(next as (typeof TABS)[number])}
            tabs={[
              { value: 'health', label: 'Health' },
              { value: 'configure', label: 'Configure' },
            ]}
          >
            <TabPanel value="health">
              <HealthPanel provider={provider} />
            </TabPanel>
            <TabPanel value="configure" keep>
              <EditProviderForm key={provider.id} provider={provider} etag={etag} />
            </TabPanel>
          </Tabs>
        ) : (
          <div className="flex min-w-0 flex-col gap-4">
            <HealthPanel provider={provider} />
            <ProviderFacts provider={provider} />
          </div>
        )}
        <div className="flex min-w-0 flex-col gap-4">
          <VendorRoom provider={provider} />
          {can('routes.list') ? <ProviderRoutes providerId={provider.id} routes={routes.data} /> : null}
          <Card title="Facts">
            <KeyValues
              items={[
                {
                  label: 'Id',
                  value: (
                    <span className="flex items-center gap-1">
                      <span className="font-mono text-xs break-all">{provider.id}</span>
                      <CopyButton text={provider.id} what="provider id" />
                    </span>
                  ),
                },
                { label: 'Created', value: <ExactTime value={provider.createdAt} /> },
                { label: 'Changed', value: <ExactTime value={provider.updatedAt} /> },
                {
                  label: 'Traffic',
                  value: (
                    <Link href={`/calls?providerId=${provider.id}`} className="text-accent hover:underline">
                      Calls to it
                    </Link>
                  ),
                  hidden: !can('calls.list'),
                },
              ]}
            />
          </Card>
        </div>
      </div>
      <DeleteDialog
        open={deleting}
        onOpenChange={setDeleting}
        noun="provider"
        name={provider.name}
        path={`/providers/${provider.id}`}
        onDeleted={() => router.push('/providers')}
      >
        <p>Its credentials and its own prices are deleted with it. Past calls and costs stay in the books.</p>
        {routes.data && routes.data.length > 0 ? (
          <p className="text-danger">
            {routes.data.length === 1 ? 'A route still sends' : `${routes.data.length} routes still send`}{' '}
            calls to it:{' '}
            <span className="font-mono text-xs">{routes.data.map((route) => route.name).join(', ')}</span>.
            Change {routes.data.length === 1 ? 'it' : 'them'} first.
          </p>
        ) : null}
      </DeleteDialog>
    </>
  )
}
