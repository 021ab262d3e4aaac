"""Arrays in, figure out: `charts` draws numbers, the other files draw mechanisms. Every function returns its figure."""

from lstmkit.plot.charts import *  # noqa: F403
from lstmkit.plot.design import *  # noqa: F403
from lstmkit.plot.dynamics import *  # noqa: F403
from lstmkit.plot.films import *  # noqa: F403
from lstmkit.plot.forecasts import *  # noqa: F403
from lstmkit.plot.gates import *  # noqa: F403
from lstmkit.plot.live import *  # noqa: F403
from lstmkit.plot.music import *  # noqa: F403
from lstmkit.plot.networks import *  # noqa: F403
from lstmkit.plot.paths import *  # noqa: F403
from lstmkit.plot.pointing import *  # noqa: F403
from lstmkit.plot.roads import *  # noqa: F403
from lstmkit.plot.seq2seq import *  # noqa: F403
from lstmkit.plot.speech import *  # noqa: F403
from lstmkit.plot.words import *  # noqa: F403
