// SPDX-License-Identifier: GPL-3.0-or-later
// Why not the library's player: it hands the volume to the sound device, and ALSA's has none for a single
// stream, so that a guest's mixer moves and nothing becomes quieter. Here the samples are scaled before
// GStreamer has them, which is the same for every device and server.
#include "ast-build.h"
#include "sound-player.h"
#include <gst/gst.h>

#define LOUDEST 65535.0 // of the channel's volume
// Half a second at 48 kHz may wait, which is more than any device asks for; a device that stands still does
// not fill the memory.
#define WAITING "max-size-buffers=0 max-size-bytes=96000 max-size-time=0 leaky=downstream"
#define DEVICE  "audioconvert ! audioresample ! autoaudiosink"

struct _AstSoundPlayer
{
  GObject parent;

  SpiceChannel *channel;
  AstVolume volume;
  double gain;      // of the volume and the guest's own, 0 to 1
  GstElement *pipe; // NULL before the first sound, and after a device has failed
  GstElement *source;
  int channels;
  int rate;                // Hz
  gboolean is_playing_out; // the guest has stopped; what it played before is still to be heard
};

G_DEFINE_FINAL_TYPE (AstSoundPlayer, ast_sound_player, G_TYPE_OBJECT)

// ---------------------------------------------------------------------------------------------------------------
// The library

// A failure without an error: the library lets the matter rest.
static gboolean
answer_nothing (SpiceAudio *audio, GAsyncResult *result, gboolean *muted, guint8 *channels, guint16 **volume,
                GError **error)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
  *volume = NULL;
  return FALSE;
}

void
ast_sound_player_leave_mixer_alone (SpiceSession *session)
{
  SpiceAudio *audio = spice_audio_get (session, NULL);
  SpiceAudioClass *klass;

  if (audio == NULL)
    return;
  klass = SPICE_AUDIO_GET_CLASS (audio);
  klass->get_playback_volume_info_finish = answer_nothing;
  klass->get_record_volume_info_finish = answer_nothing;
}

// ---------------------------------------------------------------------------------------------------------------
// The pipeline

static double
ast_sound_player_get_guest_volume (AstSoundPlayer *self)
{
  guint16 *volumes = NULL;
  guint count = 0, loudest = 0;
  gboolean muted = FALSE;

  g_object_get (self->channel, "volume", &volumes, "nchannels", &count, "mute", &muted, NULL);
  if (muted)
    return 0;
  if (volumes == NULL || count == 0)
    return 1; // the guest has not said anything yet
  for (guint i = 0; i < count; i++)
    loudest = MAX (loudest, volumes[i]);
  return loudest / LOUDEST;
}

static void
ast_sound_player_apply_volume (AstSoundPlayer *self)
{
  self->gain = ast_volume_get_gain (self->volume, ast_sound_player_get_guest_volume (self));
}

// By hand: GStreamer's own element marks what it has silenced as a gap, and a sink then asks for the times
// that the guest's samples do not have.
static void
ast_sound_player_scale (AstSoundPlayer *self, gint16 *samples, gsize count)
{
  for (gsize i = 0; i < count; i++)
    samples[i] = (gint16)(samples[i] * self->gain);
}

static void
ast_sound_player_drop_pipe (AstSoundPlayer *self)
{
  g_autoptr (GstBus) bus = self->pipe ? gst_element_get_bus (self->pipe) : NULL;

  if (self->pipe == NULL)
    return;
  gst_bus_remove_watch (bus);
  gst_element_set_state (self->pipe, GST_STATE_NULL);
  g_clear_object (&self->source);
  g_clear_object (&self->pipe);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  AstSoundPlayer *self = data;
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS && self->is_playing_out)
    gst_element_set_state (self->pipe, GST_STATE_READY); // others may have the device
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return G_SOURCE_CONTINUE;
  gst_message_parse_error (message, &error, NULL);
  g_message ("The guest's sound can no longer be played: %s", error->message);
  ast_sound_player_drop_pipe (self);
  return G_SOURCE_REMOVE;
}

static void
leave_out (const char *name)
{
  g_autoptr (GstPluginFeature) feature = gst_registry_lookup_feature (gst_registry_get (), name);

  if (feature)
    gst_plugin_feature_set_rank (feature, GST_RANK_NONE);
}

// Where no other device is found, GStreamer comes to JACK, which is for musicians, and whose library makes
// files in shared memory even where there is no server.
static gboolean
begin_gstreamer (GError **error)
{
  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  leave_out ("jackaudiosink");
  leave_out ("jackaudiosrc");
  return TRUE;
}

static gboolean
ast_sound_player_make_pipe (AstSoundPlayer *self, int channels, int rate)
{
  g_autofree char *text = g_strdup_printf (
      "appsrc name=source is-live=true format=time "
      "caps=audio/x-raw,format=S16LE,layout=interleaved,channels=%d,rate=%d ! queue " WAITING " ! " DEVICE,
      channels, rate);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBus) bus = NULL;

  if (begin_gstreamer (&error))
    self->pipe = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (self->pipe == NULL)
    {
      g_message ("The guest's sound cannot be played: %s", error->message);
      return FALSE;
    }
  self->source = gst_bin_get_by_name (GST_BIN (self->pipe), "source");
  self->channels = channels;
  self->rate = rate;
  bus = gst_element_get_bus (self->pipe);
  gst_bus_add_watch (bus, on_message, self);
  return TRUE;
}

// ---------------------------------------------------------------------------------------------------------------
// The channel

static void
on_start (SpiceChannel *channel, int format, int channels, int rate, AstSoundPlayer *self)
{
  if (format != SPICE_AUDIO_FMT_S16)
    return g_message ("The guest's sound has a format that is not known: %d", format);
  if (self->channels != channels || self->rate != rate)
    ast_sound_player_drop_pipe (self);
  if (self->pipe == NULL && !ast_sound_player_make_pipe (self, channels, rate))
    return;
  if (self->is_playing_out)
    gst_element_set_state (self->pipe, GST_STATE_READY); // what has been told its end plays nothing more
  self->is_playing_out = FALSE;
  gst_element_set_state (self->pipe, GST_STATE_PLAYING);
}

static void
on_data (SpiceChannel *channel, gconstpointer samples, int bytes, AstSoundPlayer *self)
{
  g_autoptr (GstBuffer) buffer = NULL;
  gint16 *scaled;
  GstFlowReturn flow;

  if (self->pipe == NULL || bytes <= 0)
    return;
  scaled = g_memdup2 (samples, (gsize)bytes);
  ast_sound_player_scale (self, scaled, (gsize)bytes / sizeof *scaled);
  buffer = gst_buffer_new_wrapped (scaled, (gsize)bytes);
  g_signal_emit_by_name (self->source, "push-buffer", buffer, &flow);
}

static void
on_stop (SpiceChannel *channel, AstSoundPlayer *self)
{
  GstFlowReturn flow;

  if (self->pipe == NULL)
    return;
  self->is_playing_out = TRUE;
  g_signal_emit_by_name (self->source, "end-of-stream", &flow);
}

static void
on_volume_changed (SpiceChannel *channel, GParamSpec *spec, AstSoundPlayer *self)
{
  ast_sound_player_apply_volume (self);
}

// ---------------------------------------------------------------------------------------------------------------

void
ast_sound_player_set_volume (AstSoundPlayer *self, AstVolume volume)
{
  self->volume = volume;
  ast_sound_player_apply_volume (self);
}

void
ast_sound_player_warm_up (void)
{
  g_autoptr (GstElement) pipe = NULL;

  if (begin_gstreamer (NULL))
    pipe = gst_parse_launch_full ("appsrc ! queue ! " DEVICE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, NULL);
  if (pipe == NULL)
    return;
  gst_element_set_state (pipe, GST_STATE_READY);
  gst_element_set_state (pipe, GST_STATE_NULL);
}

static void
ast_sound_player_dispose (GObject *object)
{
  ast_sound_player_drop_pipe (AST_SOUND_PLAYER (object));
  G_OBJECT_CLASS (ast_sound_player_parent_class)->dispose (object);
}

static void
ast_sound_player_class_init (AstSoundPlayerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_sound_player_dispose;
}

static void
ast_sound_player_init (AstSoundPlayer *self)
{
}

AstSoundPlayer *
ast_sound_player_new (SpiceChannel *channel, AstVolume volume)
{
  AstSoundPlayer *self = g_object_new (AST_TYPE_SOUND_PLAYER, NULL);

  self->channel = channel;
  ast_sound_player_set_volume (self, volume);
  g_signal_connect_object (channel, "playback-start", G_CALLBACK (on_start), self, 0);
  g_signal_connect_object (channel, "playback-data", G_CALLBACK (on_data), self, 0);
  g_signal_connect_object (channel, "playback-stop", G_CALLBACK (on_stop), self, 0);
  g_signal_connect_object (channel, "notify::volume", G_CALLBACK (on_volume_changed), self, 0);
  g_signal_connect_object (channel, "notify::mute", G_CALLBACK (on_volume_changed), self, 0);
  return self;
}
