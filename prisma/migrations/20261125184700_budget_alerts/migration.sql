-- CreateTable
CREATE TABLE "budget_alerts" (
    "id" TEXT NOT NULL,
    "budget_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "period_end" TIMESTAMPTZ(3),
    "subject" TEXT NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "scope_type" TEXT NOT NULL,
    "scope_each" BOOLEAN NOT NULL,
    "team_id" TEXT,
    "spent_pico" DECIMAL(38,0) NOT NULL,
    "amount_pico" DECIMAL(38,0) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "budget_alerts_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "budget_alerts_created_at_id_idx" ON "budget_alerts"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "budget_alerts_budget_id_period_period_start_subject_thresho_key" ON "budget_alerts"("budget_id", "period", "period_start", "subject", "threshold");

-- AddForeignKey
ALTER TABLE "budget_alerts" ADD CONSTRAINT "budget_alerts_budget_id_fkey" FOREIGN KEY ("budget_id") REFERENCES "budgets"("id") ON DELETE CASCADE ON UPDATE CASCADE;
