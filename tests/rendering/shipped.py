"""The campaigns that templates are shipped for, and the channels of each."""

from care.domain.channel import Channel
from care.settings import shipped

CHANNELS: dict[str, list[Channel]] = {
    folder.name: [channel for channel in Channel if any(folder.glob(f"{channel}.*"))]
    for folder in sorted(shipped("templates").glob("[!_]*/"))
}
PAIRS = [(campaign, channel) for campaign, used in CHANNELS.items() for channel in used]
BY_EMAIL = [campaign for campaign, channel in PAIRS if channel is Channel.EMAIL]
BY_SMS = [campaign for campaign, channel in PAIRS if channel is Channel.SMS]
