import { Controller, Get } from '@nestjs/common';
import { RequirePermission } from '#libs/access';
import { Documented } from '#libs/runtime';
import { SilenceWatch, type SilenceReport } from './silence-watch.js';

/** Whether the ERP is heard of. */
@Controller('silence')
export class SilenceController {
  constructor(private readonly watch: SilenceWatch) {}

  /** Looks before it answers: who has just mended the job need not wait. */
  @Get()
  @RequirePermission('reader.read')
  @Documented({ summary: 'When the ERP was last heard of, the beats of its jobs, and what is silent for too long' })
  async report(): Promise<SilenceReport> {
    await this.watch.look();
    return this.watch.report();
  }
}
