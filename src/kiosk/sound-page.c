// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "sound-page.h"
#include "widgets.h"
#include <glib/gi18n.h>

#define TEXT_CHARS 12 // of the longest text, with 100 %, in most languages

struct _AstSoundPage
{
  GtkBox parent;

  GtkWidget *text;
  GtkWidget *quieter;
  GtkWidget *louder;
  GtkWidget *mute;
};

enum
{
  SIGNAL_TURN,
  SIGNAL_DONE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstSoundPage, ast_sound_page, GTK_TYPE_BOX)

char *
ast_sound_describe (AstVolume volume)
{
  if (volume.muted)
    return g_strdup (_ ("Sound off"));
  return g_strdup_printf (_ ("Sound %u %%"), volume.percent);
}

gboolean
ast_sound_read_key (guint key, AstVolumeTurn *turn)
{
  static const struct
  {
    guint key;
    AstVolumeTurn turn;
  } keys[] = { { GDK_KEY_AudioLowerVolume, AST_VOLUME_QUIETER },
               { GDK_KEY_AudioRaiseVolume, AST_VOLUME_LOUDER },
               { GDK_KEY_AudioMute, AST_VOLUME_MUTE } };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].key == key)
      {
        *turn = keys[i].turn;
        return TRUE;
      }
  return FALSE;
}

void
ast_sound_page_set_volume (AstSoundPage *self, AstVolume volume)
{
  g_autofree char *text = ast_sound_describe (volume);

  gtk_label_set_text (GTK_LABEL (self->text), text);
  ast_set_button_label (self->mute, volume.muted ? _ ("Unmute") : _ ("Mute"));
  gtk_widget_set_sensitive (self->quieter, volume.percent > 0);
  gtk_widget_set_sensitive (self->louder, volume.percent < 100 || volume.muted);
}

GtkWidget *
ast_sound_page_get_focus (AstSoundPage *self)
{
  return self->mute;
}

static void
on_quieter (AstSoundPage *self)
{
  g_signal_emit (self, signals[SIGNAL_TURN], 0, AST_VOLUME_QUIETER);
}

static void
on_louder (AstSoundPage *self)
{
  g_signal_emit (self, signals[SIGNAL_TURN], 0, AST_VOLUME_LOUDER);
}

static void
on_mute (AstSoundPage *self)
{
  g_signal_emit (self, signals[SIGNAL_TURN], 0, AST_VOLUME_MUTE);
}

static void
on_done (AstSoundPage *self)
{
  g_signal_emit (self, signals[SIGNAL_DONE], 0);
}

static void
ast_sound_page_class_init (AstSoundPageClass *klass)
{
  signals[SIGNAL_TURN] = g_signal_new ("turn", AST_TYPE_SOUND_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_DONE]
      = g_signal_new ("done", AST_TYPE_SOUND_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_sound_page_init (AstSoundPage *self)
{
  GtkBox *box = GTK_BOX (self);

  self->text = ast_new_text (NULL, "bar-name", FALSE);
  // The buttons stay under the hand that presses them, whatever the text becomes.
  gtk_label_set_width_chars (GTK_LABEL (self->text), TEXT_CHARS);
  self->quieter = ast_new_button (_ ("Quieter"), "quiet", G_CALLBACK (on_quieter), self);
  self->louder = ast_new_button (_ ("Louder"), "quiet", G_CALLBACK (on_louder), self);
  self->mute = ast_new_button (_ ("Mute"), "quiet", G_CALLBACK (on_mute), self);
  gtk_box_pack_start (box, self->text, FALSE, FALSE, 0);
  gtk_box_pack_start (box, self->quieter, FALSE, FALSE, 0);
  gtk_box_pack_start (box, self->louder, FALSE, FALSE, 0);
  gtk_box_pack_start (box, self->mute, FALSE, FALSE, 0);
  gtk_box_pack_end (box, ast_new_button (_ ("Back to work"), "quiet", G_CALLBACK (on_done), self), FALSE,
                    FALSE, 0);
}

GtkWidget *
ast_sound_page_new (void)
{
  return g_object_new (AST_TYPE_SOUND_PAGE, "spacing", 12, NULL);
}
