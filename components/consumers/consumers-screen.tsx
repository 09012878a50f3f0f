'use client'

import { Plus } from 'lucide-react'
import { parseAsBoolean, parseAsString, useQueryState } from 'nuqs'
import { useCan } from '@/components/data/me'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { CreateConsumerDialog } from './consumer-form'
import { ConsumersTable } from './consumers-table'

export function ConsumersScreen() {
  const can = useCan()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  const [teamId] = useQueryState('teamId', parseAsString)
  const [, setOpen] = useQueryState('consumer', parseAsString)
  const create = can('consumers.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <Plus aria-hidden />
      Create consumer
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Consumers"
        description="Applications and agents that call the gateway. Each belongs to one team and holds API keys."
        actions={create}
      />
      <ConsumersTable emptyAction={create} />
      <CreateConsumerDialog
        open={creating && can('consumers.create')}
        onOpenChange={(open) => void setCreating(open || null)}
        teamId={teamId}
        onCreated={(consumer) => void setOpen(consumer.id)}
      />
    </>
  )
}
