'use client'

import { Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
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
import { ExactTime } from '@/components/ui/time'
import { DEFAULT_BASE_URLS, type Provider } from '@/lib/resources/providers/schema'
import type { Route } from '@/lib/resources/routes/schema'
import { CreateProviderForm, EditProviderForm } from './provider-form'
import { ProviderHealthCard, useProviderHealth } from './provider-health'
import { kindLabel } from './provider-kinds'
import { vendorLimitExact } from './vendor-limit-words'
import { VendorRoom } from './vendor-room'

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

/** For whoever may look but not change. */
function ProviderFacts({ provider }: { provider: Provider }) {
  const keys = provider.credentials.apiKey ?? []
  return (
    <Card title="Set up as" description="Your role may look at it. An owner or admin changes it.">
      <KeyValues
        items={[
          {
            label: 'Base URL',
            value: (
              <span className="font-mono text-xs break-all">
                {provider.baseUrl ?? DEFAULT_BASE_URLS[provider.kind] ?? 'inside the gateway'}
              </span>
            ),
          },
          {
            label: 'API key',
            value: keys.length === 0 ? 'None' : keys.map(({ last4 }) => `••••${last4}`).join(', '),
          },
          {
            label: 'Vendor allows',
            value: (
              <ul>
                {provider.limits.map((limit) => (
                  <li key={vendorLimitExact(limit)}>{vendorLimitExact(limit)}</li>
                ))}
              </ul>
            ),
            hidden: provider.limits.length === 0,
          },
          {
            label: 'Private networks',
            value: provider.allowPrivateNetwork ? 'Allowed' : 'Refused',
            hidden: provider.kind === 'sandbox',
          },
        ]}
      />
    </Card>
  )
}

export function ProviderPage({ id }: { id: string }) {
  const can = useCan()
  const router = useRouter()
  const query = useResource<Provider>('/providers', id)
  const [deleting, setDeleting] = useState(false)
  const routes = useOptions<Route>('/routes', { providerId: id }, can('routes.list'))
  const health = useProviderHealth(id)
  // What stands above the form comes with it, or the form would move away under a click.
  const isPending = query.isPending || (health.isPending && health.failureCount === 0)
  const state = resourceState({ ...query, isPending }, 'provider', '/providers')
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
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)] lg:grid-rows-[auto_1fr]">
        <div className="flex min-w-0 flex-col gap-4">
          <ProviderHealthCard providerId={provider.id} />
        </div>
        <div className="flex min-w-0 flex-col gap-4 lg:col-start-2 lg:row-span-2 lg:row-start-1">
          <VendorRoom provider={provider} />
          <Card title="Used by">
            {routes.data?.length === 0 ? (
              <p className="text-sm text-muted">No route sends calls to it yet.</p>
            ) : null}
            <ul className="flex flex-col gap-1 empty:hidden">
              {(routes.data ?? []).map((route) => (
                <li key={route.id}>
                  <Link
                    href={`/routes/${route.id}`}
                    className="font-mono text-sm text-accent hover:underline"
                  >
                    {route.name}
                  </Link>
                </li>
              ))}
            </ul>
          </Card>
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
                },
              ]}
            />
          </Card>
        </div>
        <div className="min-w-0 lg:col-start-1">
          {can('providers.update') ? (
            <EditProviderForm key={provider.id} provider={provider} etag={etag} />
          ) : (
            <ProviderFacts provider={provider} />
          )}
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
