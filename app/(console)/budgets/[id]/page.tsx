import type { Metadata } from 'next'
import { BudgetDetail } from '@/components/budgets/budget-detail'

export const metadata: Metadata = { title: 'Budget' }

export default async function BudgetPage({ params }: { params: Promise<{ id: string }> }) {
  return <BudgetDetail id={(await params).id} />
}
