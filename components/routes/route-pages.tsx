'use client'

import { Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { parseAsString, parseAsStringLiteral, useQueryState } from 'nuqs'
import { useState } from 'react'
import { useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { PolicyWarnings } from '@/components/policies/policy-warnings'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { NoPermissionState } from '@/components/ui/states'
import { TabPanel, Tabs } from '@/components/ui/tabs'
import type { Route } from '@/lib/resources/routes/schema'
import { HistoryPanel } from './history/history-panel'
import { RouteEditor } from './route-editor'
import { Simulator } from './simulator/simulator'

const TABS = ['configure', 'history'] as const
const TRAIL = [{ href: '/routes', label: 'Routes' }]

export function NewRoutePage() {
  const can = useCan()
  const router = useRouter()
  const [providerId] = useQueryState('providerId', parseAsString)
  return (
    <div className="max-w-4xl">
      <PageHead
        title="Create route"
        trail={TRAIL}
        description="A model name of your own, and who may answer to it."
      />
      {can('routes.create') ? (
        <RouteEditor
          live={null}
          providerId={providerId ?? ''}
          onSaved={(route) => router.push(`/routes/${route.id}`)}
          onCancel={() => router.push('/routes')}
        />
      ) : (
        <NoPermissionState can="create" what="routes" />
      )}
    </div>
  )
}

export function RoutePage({ id }: { id: string }) {
  const can = useCan()
  const router = useRouter()
  const query = useResource<Route>('/routes', id)
  const [deleting, setDeleting] = useState(false)
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('configure'))
  const state = resourceState(query, 'route', '/routes')
  if (state || !query.data) {
    return (
      <>
        <PageHead title="Route" trail={TRAIL} />
        {state}
      </>
    )
  }
  const { data: route, etag } = query.data
  return (
    <div>
      <PageHead
        title={<span className="font-mono">{route.name}</span>}
        trail={TRAIL}
        description="Callers ask for it by this name, as the model."
        actions={
          <>
            <Button asChild>
              <Link href={`/calls?route=${encodeURIComponent(route.name)}`}>Calls</Link>
            </Button>
            {can('routes.delete') ? (
              <Button variant="dangerGhost" onClick={() => setDeleting(true)}>
                <Trash2 aria-hidden />
                Delete route
              </Button>
            ) : null}
          </>
        }
      />
      <Tabs
        label="Route"
        value={can('routes.history') ? tab : 'configure'}
        onChange={(next) => void setTab(next as (typeof TABS)[number])}
        tabs={[
          { value: 'configure', label: 'Configure' },
          ...(can('routes.history') ? [{ value: 'history', label: 'History' }] : []),
        ]}
      >
        <TabPanel value="configure" keep>
          <PolicyWarnings warnings={route.warnings} className="mb-4" />
          <RouteEditor
            key={route.id}
            live={{ route, etag }}
            readOnly={!can('routes.update')}
            {...(can('routes.simulate')
              ? { aside: (hasChanges) => <Simulator routeId={route.id} hasChanges={hasChanges} /> }
              : {})}
            onSaved={() => {}}
            onCancel={() => router.push('/routes')}
          />
        </TabPanel>
        <TabPanel value="history">
          <HistoryPanel route={route} />
        </TabPanel>
      </Tabs>
      <DeleteDialog
        open={deleting}
        onOpenChange={setDeleting}
        noun="route"
        name={route.name}
        path={`/routes/${route.id}`}
        onDeleted={() => router.push('/routes')}
      >
        <p>
          The very next call that asks for <span className="font-mono text-xs">{route.name}</span> gets 404
          model_not_found, and keys that allow only this route can do nothing. Past calls and costs stay in
          the books. To pause it instead, turn it off.
        </p>
      </DeleteDialog>
    </div>
  )
}
