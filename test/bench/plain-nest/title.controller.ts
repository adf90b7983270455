import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload, RmqContext } from '@nestjs/microservices';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Delivery } from './delivery.entity.js';
import { Outcome } from './outcome.entity.js';
import { Partner } from './partner.js';
import { TITLE_OPENED, type TitleOpened } from './plain-queue.js';

/** Stores what came, calls the partner, stores what came of it, acknowledges. */
@Controller()
export class TitleController {
  constructor(
    @InjectRepository(Delivery) private readonly deliveries: Repository<Delivery>,
    @InjectRepository(Outcome) private readonly outcomes: Repository<Outcome>,
    private readonly partner: Partner,
  ) {}

  @EventPattern<string>(TITLE_OPENED)
  async sendTitle(@Payload() { id, title }: TitleOpened, @Ctx() context: RmqContext): Promise<void> {
    const delivery = await this.deliveries.save({ eventId: id, body: title, state: 'pending' as const, attempts: 0 });
    await this.partner.send(title);
    await this.deliveries.save({ ...delivery, state: 'delivered' as const, attempts: 1 });
    await this.outcomes.save({ eventId: id, payload: { deliveryId: delivery.id } });
    context.getChannelRef().ack(context.getMessage());
  }
}
