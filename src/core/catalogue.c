// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "catalogue.h"
#include "reading.h"
#include "watcher.h"
#include <dirent.h>
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

// Events closer than this are read together, and "changed" is never told more often.
#define GATHER_MS 250
// What still belongs to the event that came first: a folder and the files copied into it.
#define SETTLE_MS 50

// A folder of appliances (a root), or the folder of one appliance.
typedef struct _Place Place;
struct _Place
{
  Place *root;          // NULL: it is a root
  char *path;           // absolute
  GHashTable *children; // a root's: path → Place
  AstProblem *problem;  // a root's: why it cannot be read, or NULL
  AstReading *reading;  // an appliance's
};

// What a thread is asked to read of one root, and what it found.
typedef struct
{
  Place *root; // for the catalogue; the thread leaves it alone
  char *path;
  gboolean scan;       // list the root too, and read what is new in it
  GHashTable *known;   // paths of children that need no reading
  GHashTable *listed;  // paths of the children that are there now; NULL without a scan
  AstProblem *problem; // why the root could not be listed
  GPtrArray *readings; // AstReading*
} RootSurvey;

typedef struct
{
  AstSources *sources;
  GPtrArray *roots; // RootSurvey*
  guint generation;
} Survey;

struct _AstCatalogue
{
  GObject parent_instance;
  AstSources *sources;
  GPtrArray *roots; // Place*, first wins

  GPtrArray *list;     // AstAppliance*, sorted
  GHashTable *by_id;   // id → AstAppliance*, borrowed from the list
  GPtrArray *problems; // AstProblem*

  GMainContext *context;
  AstWatcher *watcher; // NULL until watched
  GHashTable *touched; // Place*: to be read again
  GSource *timer;
  gboolean surveying;
  gint64 last_survey; // monotonic, microseconds
  guint generation;   // counts loads: what was asked before one is out of date after it
};

G_DEFINE_FINAL_TYPE (AstCatalogue, ast_catalogue, G_TYPE_OBJECT)

static guint signal_changed;

static void schedule (AstCatalogue *self);

static void
place_free (Place *self)
{
  g_free (self->path);
  g_clear_pointer (&self->children, g_hash_table_unref);
  g_clear_pointer (&self->problem, ast_problem_free);
  g_clear_pointer (&self->reading, ast_reading_free);
  g_free (self);
}

static Place *
place_new (Place *root, const char *path)
{
  Place *self = g_new0 (Place, 1);

  self->root = root;
  self->path = g_strdup (path);
  if (!root)
    self->children = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)place_free);
  return self;
}

static void
root_survey_free (RootSurvey *self)
{
  g_free (self->path);
  g_hash_table_unref (self->known);
  g_clear_pointer (&self->listed, g_hash_table_unref);
  g_clear_pointer (&self->problem, ast_problem_free);
  g_ptr_array_unref (self->readings);
  g_free (self);
}

static RootSurvey *
root_survey_new (Place *root)
{
  RootSurvey *self = g_new0 (RootSurvey, 1);

  self->root = root;
  self->path = g_strdup (root->path);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->readings = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_reading_free);
  return self;
}

static void
survey_free (Survey *self)
{
  ast_sources_unref (self->sources);
  g_ptr_array_unref (self->roots);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Survey, survey_free)

static Survey *
survey_new (AstCatalogue *catalogue)
{
  Survey *self = g_new0 (Survey, 1);

  self->sources = ast_sources_ref (catalogue->sources);
  self->roots = g_ptr_array_new_with_free_func ((GDestroyNotify)root_survey_free);
  self->generation = catalogue->generation;
  return self;
}

// In a thread, from here …

static gboolean
is_folder (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_DIR)
         || (g_file_test (path, G_FILE_TEST_IS_SYMLINK) && !g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
list_child (RootSurvey *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->path, name, NULL);

  if (name[0] == '.' || !is_folder (path))
    return;
  if (!g_hash_table_contains (self->known, path))
    g_ptr_array_add (self->readings, ast_reading_new (path));
  g_hash_table_add (self->listed, g_steal_pointer (&path));
}

static void
list_root (RootSurvey *self)
{
  DIR *dir = opendir (self->path);
  const struct dirent *entry;

  self->listed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!dir && errno != ENOENT)
    self->problem = ast_problem_new (self->path, 0, 0, _ ("This folder of appliances cannot be read: %s."),
                                     g_strerror (errno));
  if (!dir)
    return;
  while ((entry = readdir (dir)))
    list_child (self, entry->d_name);
  closedir (dir);
}

static void
survey_run (Survey *self)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (guint i = 0; i < self->roots->len; i++)
    {
      RootSurvey *root = g_ptr_array_index (self->roots, i);

      if (root->scan)
        list_root (root);
      g_ptr_array_extend (all, root->readings, NULL, NULL);
    }
  ast_readings_run (all, self->sources);
}

static void
survey_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  survey_run (data);
  g_task_return_boolean (task, TRUE);
}

// … to here.

// Sorts as the reader's language does; the id decides between equal names.
static int
compare (gconstpointer a, gconstpointer b, gpointer keys)
{
  const AstAppliance *one = *(AstAppliance *const *)a;
  const AstAppliance *other = *(AstAppliance *const *)b;
  int order = strcmp (g_hash_table_lookup (keys, one), g_hash_table_lookup (keys, other));

  return order ? order : strcmp (one->id, other->id);
}

static void
sort (GPtrArray *list)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  for (guint i = 0; i < list->len; i++)
    {
      AstAppliance *appliance = g_ptr_array_index (list, i);
      g_autofree char *folded = g_utf8_casefold (appliance->name, -1);

      g_hash_table_insert (keys, appliance, g_utf8_collate_key (folded, -1));
    }
  g_ptr_array_sort_with_data (list, compare, keys);
}

static void
list_appliance (AstCatalogue *self, AstAppliance *appliance)
{
  const AstAppliance *first = g_hash_table_lookup (self->by_id, appliance->id);

  if (first)
    {
      g_ptr_array_add (
          self->problems,
          ast_problem_new (appliance->folder, 0, 0,
                           _ ("This appliance is not shown: %s has the same id and comes first."),
                           first->folder));
      return;
    }
  g_ptr_array_add (self->list, ast_appliance_ref (appliance));
  g_hash_table_insert (self->by_id, appliance->id, appliance);
}

static void
list_root_place (AstCatalogue *self, Place *root)
{
  GHashTableIter iter;
  Place *place;

  if (root->problem)
    g_ptr_array_add (self->problems, ast_problem_new (root->problem->file, 0, 0, "%s", root->problem->text));
  g_hash_table_iter_init (&iter, root->children);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&place))
    if (place->reading && place->reading->appliance)
      list_appliance (self, place->reading->appliance);
}

static void
make_lists (AstCatalogue *self)
{
  g_clear_pointer (&self->by_id, g_hash_table_unref);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_appliance_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->problems = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);
  for (guint i = 0; i < self->roots->len; i++)
    list_root_place (self, g_ptr_array_index (self->roots, i));
  sort (self->list);
}

static void
touch (AstCatalogue *self, Place *place)
{
  g_hash_table_add (self->touched, place);
  schedule (self);
}

static void
on_touched (gpointer data, gpointer subject)
{
  touch (data, subject);
}

// What happened in a folder before it was watched may have been missed: it is read once more.
static void
watch_place (AstCatalogue *self, Place *place, const GPtrArray *paths)
{
  if (self->watcher && ast_watcher_set (self->watcher, place, paths))
    touch (self, place);
}

static void
watch_root (AstCatalogue *self, Place *root)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (paths, g_strconcat (root->path, "/", NULL));
  g_ptr_array_add (paths, g_strdup (root->path));
  watch_place (self, root, paths);
}

static gboolean
forget_place (gpointer path, gpointer value, gpointer data)
{
  AstCatalogue *self = data;

  if (self->watcher)
    ast_watcher_set (self->watcher, value, NULL);
  g_hash_table_remove (self->touched, value);
  return TRUE;
}

// TRUE when an appliance went with it.
static gboolean
forget_vanished (AstCatalogue *self, Place *root, GHashTable *listed)
{
  gboolean changed = FALSE;
  GHashTableIter iter;
  Place *place;

  g_hash_table_iter_init (&iter, root->children);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&place))
    {
      if (g_hash_table_contains (listed, place->path))
        continue;
      changed |= place->reading && place->reading->appliance;
      forget_place (place->path, place, self);
      g_hash_table_iter_remove (&iter);
    }
  return changed;
}

static gboolean
take_problem (Place *root, AstProblem *problem)
{
  gboolean changed
      = g_strcmp0 (root->problem ? root->problem->text : NULL, problem ? problem->text : NULL) != 0;

  g_clear_pointer (&root->problem, ast_problem_free);
  root->problem = problem;
  return changed;
}

// TRUE when the appliance is not what it was.
static gboolean
take_reading (AstCatalogue *self, Place *root, AstReading *reading)
{
  Place *place = g_hash_table_lookup (root->children, reading->folder);
  gboolean changed;

  if (!place)
    {
      place = place_new (root, reading->folder);
      g_hash_table_insert (root->children, place->path, place);
    }
  changed = g_strcmp0 (place->reading ? place->reading->fingerprint : NULL, reading->fingerprint) != 0;
  g_clear_pointer (&place->reading, ast_reading_free);
  place->reading = reading;
  watch_place (self, place, reading->paths);
  return changed;
}

static gboolean
take_root (AstCatalogue *self, RootSurvey *survey)
{
  Place *root = survey->root;
  gboolean changed = FALSE;

  if (survey->scan)
    {
      changed |= forget_vanished (self, root, survey->listed);
      changed |= take_problem (root, g_steal_pointer (&survey->problem));
      watch_root (self, root);
    }
  while (survey->readings->len)
    {
      g_autoptr (AstReading) reading
          = g_ptr_array_steal_index_fast (survey->readings, survey->readings->len - 1);

      if (!survey->listed || g_hash_table_contains (survey->listed, reading->folder))
        changed |= take_reading (self, root, g_steal_pointer (&reading));
    }
  return changed;
}

static void
take_survey (AstCatalogue *self, Survey *survey)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < survey->roots->len; i++)
    changed |= take_root (self, g_ptr_array_index (survey->roots, i));
  if (!changed)
    return;
  make_lists (self);
  g_signal_emit (self, signal_changed, 0);
}

static void
on_survey_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree GWeakRef *weak = data;
  g_autoptr (AstCatalogue) self = g_weak_ref_get (weak);
  Survey *survey = g_task_get_task_data (G_TASK (result));

  g_weak_ref_clear (weak);
  if (!self)
    return;
  self->surveying = FALSE;
  self->last_survey = g_get_monotonic_time ();
  if (survey->generation == self->generation)
    take_survey (self, survey);
  if (g_hash_table_size (self->touched))
    schedule (self);
}

static RootSurvey *
survey_of_root (Survey *self, Place *root)
{
  RootSurvey *survey;

  for (guint i = 0; i < self->roots->len; i++)
    {
      survey = g_ptr_array_index (self->roots, i);
      if (survey->root == root)
        return survey;
    }
  survey = root_survey_new (root);
  g_ptr_array_add (self->roots, survey);
  return survey;
}

static void
ask_for_root (Survey *self, Place *root)
{
  RootSurvey *survey = survey_of_root (self, root);
  GHashTableIter iter;
  const char *path;

  survey->scan = TRUE;
  g_hash_table_iter_init (&iter, root->children);
  while (g_hash_table_iter_next (&iter, (gpointer *)&path, NULL))
    g_hash_table_add (survey->known, g_strdup (path));
}

static Survey *
ask_for_touched (AstCatalogue *self)
{
  Survey *survey = survey_new (self);
  GHashTableIter iter;
  Place *place;

  g_hash_table_iter_init (&iter, self->touched);
  while (g_hash_table_iter_next (&iter, (gpointer *)&place, NULL))
    {
      if (place->root)
        g_ptr_array_add (survey_of_root (survey, place->root)->readings, ast_reading_new (place->path));
      else
        ask_for_root (survey, place);
    }
  g_hash_table_remove_all (self->touched);
  return survey;
}

// The task knows the catalogue by a weak reference only: nothing is told after its owner has let it go.
static gboolean
on_time (gpointer data)
{
  AstCatalogue *self = data;
  GWeakRef *weak = g_new0 (GWeakRef, 1);
  g_autoptr (GTask) task = NULL;

  g_clear_pointer (&self->timer, g_source_unref);
  g_weak_ref_init (weak, self);
  self->surveying = TRUE;
  task = g_task_new (NULL, NULL, on_survey_ready, weak);
  g_task_set_task_data (task, ask_for_touched (self), (GDestroyNotify)survey_free);
  g_task_run_in_thread (task, survey_in_thread);
  return G_SOURCE_REMOVE;
}

static void
schedule (AstCatalogue *self)
{
  gint64 since_ms = (g_get_monotonic_time () - self->last_survey) / 1000;

  if (self->timer || self->surveying)
    return;
  self->timer = g_timeout_source_new ((guint)CLAMP (GATHER_MS - since_ms, SETTLE_MS, GATHER_MS));
  g_source_set_callback (self->timer, on_time, self, NULL);
  g_source_attach (self->timer, self->context);
}

static void
ast_catalogue_init (AstCatalogue *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->roots = g_ptr_array_new_with_free_func ((GDestroyNotify)place_free);
  self->touched = g_hash_table_new (NULL, NULL);
  make_lists (self);
}

static void
ast_catalogue_finalize (GObject *object)
{
  AstCatalogue *self = AST_CATALOGUE (object);

  if (self->timer)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->watcher, ast_watcher_free);
  g_hash_table_unref (self->touched);
  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->list);
  g_ptr_array_unref (self->problems);
  g_ptr_array_unref (self->roots);
  g_main_context_unref (self->context);
  ast_sources_unref (self->sources);
  G_OBJECT_CLASS (ast_catalogue_parent_class)->finalize (object);
}

static void
ast_catalogue_class_init (AstCatalogueClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_catalogue_finalize;
  signal_changed = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

// A folder that is named twice is read once.
static void
add_root (AstCatalogue *self, const char *folder)
{
  g_autofree char *path = g_canonicalize_filename (folder, NULL);

  for (guint i = 0; i < self->roots->len; i++)
    if (g_str_equal (((Place *)g_ptr_array_index (self->roots, i))->path, path))
      return;
  g_ptr_array_add (self->roots, place_new (NULL, path));
}

AstCatalogue *
ast_catalogue_new (const char *const *folders, const char *const *image_stores, const char *const *languages)
{
  AstCatalogue *self = g_object_new (AST_TYPE_CATALOGUE, NULL);

  self->sources = ast_sources_new (image_stores, languages);
  for (guint i = 0; folders[i]; i++)
    add_root (self, folders[i]);
  return self;
}

void
ast_catalogue_load (AstCatalogue *self)
{
  g_autoptr (Survey) survey = NULL;

  self->generation++;
  survey = survey_new (self);
  for (guint i = 0; i < self->roots->len; i++)
    {
      Place *root = g_ptr_array_index (self->roots, i);

      g_hash_table_foreach_remove (root->children, forget_place, self);
      ask_for_root (survey, root);
    }
  survey_run (survey);
  for (guint i = 0; i < survey->roots->len; i++)
    take_root (self, g_ptr_array_index (survey->roots, i));
  make_lists (self);
}

static void
watch_children (AstCatalogue *self, Place *root)
{
  GHashTableIter iter;
  Place *place;

  g_hash_table_iter_init (&iter, root->children);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&place))
    watch_place (self, place, place->reading->paths);
}

void
ast_catalogue_watch (AstCatalogue *self)
{
  if (self->watcher)
    return;
  self->watcher = ast_watcher_new (on_touched, self);
  for (guint i = 0; i < self->roots->len; i++)
    {
      watch_root (self, g_ptr_array_index (self->roots, i));
      watch_children (self, g_ptr_array_index (self->roots, i));
    }
}

GPtrArray *
ast_catalogue_list (AstCatalogue *self)
{
  return self->list;
}

AstAppliance *
ast_catalogue_find (AstCatalogue *self, const char *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

GPtrArray *
ast_catalogue_problems (AstCatalogue *self)
{
  return self->problems;
}

AstAppliance *
ast_catalogue_read (const char *path, const char *const *image_stores, const char *const *languages)
{
  g_autoptr (AstSources) sources = ast_sources_new (image_stores, languages);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  gboolean is_dir = g_file_test (absolute, G_FILE_TEST_IS_DIR);
  g_autofree char *folder = is_dir ? g_strdup (absolute) : g_path_get_dirname (absolute);
  g_autofree char *file
      = is_dir ? g_build_filename (absolute, AST_DESCRIPTOR_FILE, NULL) : g_strdup (absolute);
  g_autoptr (AstReading) reading = ast_reading_new (folder);

  ast_reading_run_file (reading, file, sources);
  return g_steal_pointer (&reading->appliance);
}
